"""``Net``: one network namespace. Every bit of state hangs on it, and two of them never meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ctcore.common import ORIGINAL, REPLY, TEMPLATE, ExtId
from ctcore.confirm import Confirmer
from ctcore.conn import Conn
from ctcore.errors import CtcoreError
from ctcore.events import Notifier
from ctcore.expect import ExpectTable
from ctcore.faults import FaultLog
from ctcore.helper import HelperTable
from ctcore.lifecycle import Lifecycle
from ctcore.packet import Packet
from ctcore.plugs import Plugs
from ctcore.receive import Receiver
from ctcore.registry import Registry
from ctcore.settings import (
    BUCKETS,
    EXPECT_MAX,
    EXPECT_SYSCTLS,
    HELPER_SYSCTLS,
    NET_SYSCTLS,
    SYSCTLS,
    TRACKER_SYSCTLS,
)
from ctcore.slots import ExtSlot, L3Slot, L4Slot
from ctcore.stats import Statistics
from ctcore.sysctl import SECOND, Sysctls
from ctcore.table import Table
from ctcore.track import Tracker
from ctcore.tuples import Tuple
from ctcore.wheel import Wheel
from ctcore.zones import ZONE_DFLT, Zone

if TYPE_CHECKING:
    from ctcore.nodes import Node

OWN: Final = "ctcore"
GC_INTERVAL: Final = SECOND  # the shortest pause between two rounds of the kernel's collector


class Net:
    """A namespace, set up from the plugins of a registry (all installed ones where none is given).

    ``sysctl``   its settings, a mapping from name to value
    ``stat``     its counters
    ``labels_used``  true where a ruleset uses labels, so that new flows have room for them
    """

    def __init__(self, registry: Registry | None = None) -> None:
        self.registry = registry if registry is not None else Registry.load()
        self.faults = FaultLog(self.registry.strict)
        self.acct = self.timestamp = self.log_invalid = 0
        self.events = 2
        self.labels_used = False
        self.sysctl = Sysctls()
        self.table = Table(self, BUCKETS, BUCKETS)
        self.l3protos: dict[int, L3Slot] = {}
        self.l4protos: list[L4Slot] = []
        self.helpers = HelperTable(self)
        self.ext_types: list[ExtSlot] = []
        self.ext_creators: list[ExtSlot] = []
        self.ext_shown: list[ExtSlot] = []
        self.ext_size = len(ExtId)
        self.stat = Statistics()
        self.wheel = Wheel()
        self.notifier = Notifier()
        self.expectations = ExpectTable(self, EXPECT_MAX)
        self.packet_observers: list[Callable[..., Any]] = []
        self._early_drop_wanted = False
        self.sysctl.declare_all(self.table, SYSCTLS)
        self.sysctl.declare_all(self.expectations, EXPECT_SYSCTLS)
        self.sysctl.declare_all(self, NET_SYSCTLS)
        self.sysctl.declare_all(self.helpers, HELPER_SYSCTLS)
        self.tracker = Tracker(self)
        self.sysctl.declare_all(self.tracker, TRACKER_SYSCTLS)
        self.confirmer = Confirmer(self)
        self.conntrack_in, self.confirm = self.tracker, self.confirmer
        self.lifecycle = Lifecycle(self)
        self.delete = self.lifecycle.delete
        self.free = self.lifecycle.free
        self.adopt = self.lifecycle.adopt
        self.receiver = Receiver(self)
        self.receive = self.receiver.receive
        self.plugs = Plugs(self)
        self.generic, self.l3_none = self.plugs.generic, self.plugs.l3_none
        self.plugs.begin()

    @property
    def now(self) -> int:
        """The time of the latest packet, in nanoseconds."""
        return self.receiver.now

    @now.setter
    def now(self, when: int) -> None:
        self.receiver.now = when

    def collect(self) -> None:
        """What the kernel's collector does, without its delays: flows die on time, a full table is thinned."""
        self.expectations.expire(self.now)
        self.wheel.expire(self.now, self.delete)
        if self.expectations.count:
            self.wheel.wake(self.expectations.next)
        if self._early_drop_wanted:
            self._early_drop_wanted = False
            self.table.gc_early_drop()

    def want_early_drop(self) -> None:
        """The table was full and nothing could be given up on the spot: let the collector look at all of it."""
        self._early_drop_wanted = True
        self.wheel.wake(self.now + GC_INTERVAL)

    def find(self, packed: bytes, zone: Zone = ZONE_DFLT) -> Node | None:
        """The flow that a packed tuple belongs to in a zone, and its direction there (0 original, 1 reply)."""
        for direction in (ORIGINAL, REPLY):
            node = self.table.nodes.get(zone.key(packed, direction))
            if node is not None and node[0].zone.effective(node[1]) == zone.effective(node[1]):
                return node
        return None

    def original_dst(self, packed_reply: bytes, zone: Zone = ZONE_DFLT) -> Tuple | None:
        """What SO_ORIGINAL_DST answers: the original tuple of the flow with this tuple, or None where there is none.

        A socket asks with its own view of the connection: local address and port as source, the peer as destination.
        ``dst`` and ``dst_u`` of the answer are where the peer had meant to go.
        """
        node = self.find(packed_reply, zone)
        return None if node is None else node[0].tuple(ORIGINAL)

    def template(self, zone: Zone = ZONE_DFLT) -> Conn:
        """A template: what a ruleset attaches to a packet before conntrack sees it, to give the new flow a zone.

        Extensions attached to it (helper, timeout policy, event mask) go to the flow as well.
        """
        tmpl = Conn(self, self.l3_none, self.generic, b"", b"", zone)
        tmpl.status = TEMPLATE
        return tmpl

    def add_local(self, text: str) -> None:
        """Give the host ``ADDRESS[/LEN]``. Raises CtcoreError where no loaded protocol knows it as a network."""
        for l3 in self.l3protos.values():
            network = l3.parse_network(text)
            if network is not None:
                l3.local.append(network)
                self.receiver.host = True
                return
        raise CtcoreError(f"{text} is no address of {' or '.join(sorted(l3.name for l3 in self.l3protos.values()))}")

    def add_interface(self, text: str) -> None:
        """Give the host an interface with ``ADDRESS/LEN``: the address is the host's, its network has broadcasts.

        Raises CtcoreError where no loaded protocol knows it as an address in a network with broadcasts.
        """
        for l3 in self.l3protos.values():
            network = l3.parse_network(text)
            if network is not None and l3.has_broadcast:
                address, mask = network
                everybody = b"\xff" * len(address)
                l3.local.append((address, everybody))
                l3.broadcasts[everybody] = None
                l3.broadcasts[bytes(a | m ^ 0xFF for a, m in zip(address, mask, strict=True))] = mask
                self.receiver.host = True
                return
        raise CtcoreError(f"{text} is no address in a network with broadcasts")

    def extensions_moved(self, ct: Conn) -> None:
        """The flow's extension block was made anew, larger: tell the types that have data in it."""
        for ext in self.ext_types:
            data = ct.ext_find(ext.id)
            if data is not None and ext.move is not None:
                ext.move(ct, data)

    def flush(self) -> None:
        """Delete every flow, as ``conntrack -F`` does."""
        for ct in list(self.table):
            self.delete(ct)

    def exit(self) -> None:
        """Tear the namespace down, in the reverse of its set-up; its flows emit their DESTROY events."""
        self.plugs.end()
        self.flush()
        for ct in list(self.table.unconfirmed):
            self.free(ct)
        self.notifier.listeners.clear()
        self.notifier.expect_listeners.clear()
        self.l3protos.clear()
        self.receiver.latest = None
        self.ext_types.clear()
        self.ext_creators.clear()
        self.ext_shown.clear()

    def flow_of(self, pkt: Packet) -> Conn | None:
        """The flow whose tuple a packet bears, whether or not the packet was found to belong to it."""
        try:
            packed = self._tuple_of(pkt)
        except Exception as error:
            self.faults.caught(error)
            return None
        if packed is None:
            return None
        node = self.find(packed, ZONE_DFLT if pkt.tmpl is None else pkt.tmpl.zone.resolved(pkt.mark))
        return None if node is None else node[0]

    def _tuple_of(self, pkt: Packet) -> bytes | None:
        l3 = pkt.l3
        if pkt.protonum < 0:
            pkt.end = pkt.avail
        found = l3.get_l4proto(pkt, pkt.nhoff)
        if found is None:
            return None
        dataoff, protonum = found
        addrs, u = l3.pkt_to_tuple(pkt, pkt.nhoff), self.l4protos[protonum].pkt_to_tuple(pkt, dataoff)
        if addrs is None or u is None:
            return None
        packed: bytes = addrs + u + l3.suffix[protonum]
        return packed
