"""A tracked flow, its status bits and its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ctcore.common import CONFIRMED, EXT_ACCT, EXT_ECACHE, FIXED_TIMEOUT, IP_CT_IS_REPLY, NEVER
from ctcore.packet import Packet
from ctcore.pair import Pair
from ctcore.tuples import Tuple
from ctcore.zones import ZONE_DFLT, Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ctcore.netns import Net
    from ctcore.slots import L3Slot, L4Slot


class Conn(Pair):
    """A tracked flow.

    ``original``, ``reply``  the packed tuples of the two directions
    ``status``    the ``Status`` bits
    ``timeout``   nanoseconds: how long it will live while unconfirmed, the time of its death once confirmed
    ``armed``     nanoseconds: when the timing wheel looks at it next; NEVER while it is not in the wheel
    ``proto``     the private state of its transport protocol, or None
    ``policy``    timeouts of its own in place of the namespace's, or None (``ct timeout set``)
    ``ext``       the extension block, indexed by extension id, or None where the flow has no extension
    ``master``    the flow that expected this one, or None
    ``children``  how many living flows have this one as their master
    ``id``        a number that no other flow of the namespace bears
    """

    __slots__ = (
        "armed",
        "children",
        "ext",
        "id",
        "l3",
        "l4",
        "mark",
        "master",
        "net",
        "policy",
        "proto",
        "secmark",
        "status",
        "timeout",
        "zone",
    )

    def __init__(self, net: Net, l3: L3Slot, l4: L4Slot, original: bytes, reply: bytes, zone: Zone = ZONE_DFLT) -> None:
        self.net = net
        self.l3 = l3
        self.l4 = l4
        self.original = original
        self.reply = reply
        self.zone = zone
        self.id = 0
        self.status = 0
        self.timeout = 0
        self.armed = NEVER
        self.mark = 0
        self.secmark = 0
        self.master: Conn | None = None
        self.children = 0
        self.proto: Any = None
        self.policy: Any = None
        self.ext: list[Any] | None = None

    def tuple(self, direction: int) -> Tuple:
        """The tuple of a direction (0 original, 1 reply), taken apart."""
        return Tuple.unpack(self.reply if direction else self.original)

    @property
    def state(self) -> str | None:
        """The name of the protocol's state, as ``conntrack`` prints it, or None where the protocol has no states."""
        if self.proto is None:
            return None
        names: Sequence[str] | None = self.l4.state_names
        name: str | None = self.l4.protoinfo(self).get("state") if names is None else names[self.proto.state]
        return name

    def key(self, direction: int) -> bytes:
        """What the hash table knows this direction by: the packed tuple, and the zone where there is one."""
        packed = self.reply if direction else self.original
        return packed if self.zone is ZONE_DFLT else self.zone.key(packed, direction)

    def remaining(self, now: int) -> int:
        """Nanoseconds that the flow has left at the time ``now`` (nanoseconds); never negative."""
        left = self.timeout - now if self.status & CONFIRMED else self.timeout
        return left if left > 0 else 0

    def refresh(self, pkt: Packet, timeout: int) -> None:
        """Give the flow ``timeout`` nanoseconds from the packet's arrival on, unless its timeout is fixed."""
        if not self.status & FIXED_TIMEOUT:
            if self.status & CONFIRMED:
                timeout += pkt.now
                self.timeout = timeout
                if timeout < self.armed:
                    self.net.wheel.arm(self)
            else:
                self.timeout = timeout

    def refresh_acct(self, pkt: Packet, ctinfo: int, timeout: int) -> None:
        """Refresh the timeout (nanoseconds) and count the packet: what a tracker does with a packet that it accepts."""
        # As in refresh, which every packet of every flow would pay a call for.
        status = self.status
        if not status & FIXED_TIMEOUT:
            if status & CONFIRMED:
                timeout += pkt.now
                self.timeout = timeout
                if timeout < self.armed:
                    self.net.wheel.arm(self)
            else:
                self.timeout = timeout
        if self.ext is not None:
            self.acct(pkt, ctinfo)

    def acct(self, pkt: Packet, ctinfo: int) -> None:
        """Count a packet and its network layer length in bytes, where the flow has counters."""
        counters = self.ext[EXT_ACCT] if self.ext is not None else None
        if counters is not None:
            direction = ctinfo >= IP_CT_IS_REPLY
            counters.packets[direction] += 1
            counters.bytes[direction] += pkt.end - pkt.nhoff

    def cache_event(self, event: int) -> None:
        """Remember an event (``Event`` number) for the delivery at the confirm hook, where somebody listens."""
        if self.ext is not None:
            ecache = self.ext[EXT_ECACHE]
            if ecache is not None:
                ecache.cache |= 1 << event

    def ext_find(self, ext_id: int) -> Any:
        """What the extension type with this id keeps for the flow, or None."""
        ext = self.ext
        return ext[ext_id] if ext is not None and ext_id < len(ext) else None

    def ext_add(self, ext_id: int, data: Any) -> Any:
        """Attach extension data to a flow and return it. Raises ValueError for a flow that is confirmed already."""
        if self.status & CONFIRMED:
            raise ValueError("an extension can only be added while the flow is unconfirmed")
        size = self.net.ext_size
        if self.ext is None:
            self.ext = [None] * size
        elif len(self.ext) < size:
            self.ext = self.ext + [None] * (size - len(self.ext))
            self.net.extensions_moved(self)
        self.ext[ext_id] = data
        return data
