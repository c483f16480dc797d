"""``Conntrack``: feed it packets, ask it what became of them. No root, no Linux, no capture file needed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ctcore.common import DYING, IP_CT_INVALID, IP_CT_IS_REPLY, IP_CT_UNTRACKED, UNSEEN, CtInfo, EventKind
from ctcore.conn import Conn
from ctcore.expect import Expectation
from ctcore.formats.objects import event_object, expectation_object
from ctcore.netfilter import Verdict
from ctcore.netns import Net
from ctcore.packet import Packet
from ctcore.registry import Registry

if TYPE_CHECKING:
    from ctcore.sources import Capture

STATES: Final = {
    UNSEEN: "none",
    CtInfo.ESTABLISHED: "established",
    CtInfo.RELATED: "related",
    CtInfo.NEW: "new",
    CtInfo.ESTABLISHED_REPLY: "established",
    CtInfo.RELATED_REPLY: "related",
    IP_CT_INVALID: "invalid",
    IP_CT_UNTRACKED: "untracked",
}
ETHERTYPES: Final = {4: 0x0800, 6: 0x86DD}  # by the version in an IP header's first four bits


@dataclass(slots=True)
class Result:
    """What became of one packet.

    ``verdict``    ACCEPT, DROP, or STOLEN for a fragment that waits
    ``ctinfo``     its relation to a flow, or None where it is INVALID, or was never seen by conntrack
    ``state``      the same for people: new, established, related, invalid, untracked or none
    ``direction``  "original" or "reply", or None
    ``reasons``    why it is INVALID, dropped or remarkable, in the kernel log's words where the kernel has some
    ``entry``      the flow after this packet (of a packet that does not belong to one, the flow that bears its
                   tuple), or None
    ``events``     the event messages that the packet caused, as plain objects
    """

    verdict: Verdict
    ctinfo: CtInfo | None
    state: str
    direction: str | None
    reasons: list[str]
    entry: Conn | None
    events: list[dict[str, Any]] = field(default_factory=list)


class Conntrack:
    """A namespace that packets are fed to.

    ``registry``  the plugins; all installed ones where none is given
    ``sysctls``   settings by the kernel's names, e.g. ``{"nf_conntrack_acct": 1}``
    ``local``     addresses of the host itself, ``ADDRESS[/LEN]``; without any every packet is forwarded
    ``frozen``    no time passes, as when a kernel is fed a capture at full speed
    ``listen``    keep the event messages of each packet for its result
    ``interfaces``  addresses of the host with their networks, ``ADDRESS/LEN``: as ``local``, and broadcasts are known
    ``helpers``   which new flows get a helper, ``NAME[:PROTO[:PORT]]``: see ``HelperTable.assign``

    Raises SysctlError, HelperError, CtcoreError for an address, PluginError from a strict registry.
    """

    def __init__(
        self,
        registry: Registry | None = None,
        sysctls: Mapping[str, int] | None = None,
        local: Iterable[str] = (),
        frozen: bool = False,
        listen: bool = True,
        helpers: Iterable[str] = (),
        interfaces: Iterable[str] = (),
    ) -> None:
        self.net = Net(registry)
        for name, value in (sysctls or {}).items():
            self.net.sysctl[name] = value
        for address in local:
            self.net.add_local(address)
        for address in interfaces:
            self.net.add_interface(address)
        for assignment in helpers:
            self.net.helpers.assign(assignment)
        self.frozen = frozen
        self.packet = Packet(self.net)
        self._events: list[dict[str, Any]] = []
        self._heard_at = 0
        if listen:
            self.net.notifier.listeners.append(self._on_event)
            self.net.notifier.expect_listeners.append(self._on_expectation)

    def feed(self, data: bytes, now: int, ethertype: int | None = None, wire_length: int | None = None) -> Result:
        """Track one packet that begins with its network layer header.

        ``now`` is its time of arrival in nanoseconds. ``ethertype`` is told by the first byte where it is not given.
        ``wire_length`` (bytes) says that a capture kept only part of the packet.
        """
        if ethertype is None:
            ethertype = ETHERTYPES.get(data[0] >> 4, 0) if data else 0
        pkt = self.packet
        pkt.buf = data
        pkt.nhoff = 0
        pkt.avail = len(data)
        pkt.capture = None
        pkt.number += 1
        pkt.cut = wire_length is not None and wire_length > len(data)
        return self.result(self.net.receive(pkt, ethertype, self._clock(now)))

    def replay(self, capture: Capture, on_packet: Callable[[int, int], None] | None = None) -> int:
        """Track every packet of a capture; returns how many there were.

        ``on_packet(number, verdict)`` is called after each one, numbered from 1; ``self.result`` then tells about it.
        Raises CaptureError where the capture cannot be read on: everything before is tracked by then.
        """
        from ctcore.replay import replay  # not at the top: it loads libpcap

        self._heard_at = 0  # each capture numbers its packets from 1
        with collector_off():
            return replay(self.net.receiver, self.packet, capture, self.frozen, on_packet)

    def advance(self, now: int) -> list[dict[str, Any]]:
        """Let time pass without a packet: what expires until ``now`` (nanoseconds) dies.

        Returns the event messages, as a packet's result has them. A time before the last one changes nothing.
        """
        self._events = []
        if now > self.net.now:
            self.net.now = now
            self.net.collect()
        return self._events

    def flows(self) -> Iterator[Conn]:
        """The flows in the table, in the order of their confirmation."""
        return iter(self.net.table)

    def result(self, verdict: int) -> Result:
        """What became of the packet that was tracked last."""
        pkt = self.packet
        ctinfo = pkt.ctinfo
        known = ctinfo not in (UNSEEN, IP_CT_INVALID)
        direction = None
        if known and ctinfo != IP_CT_UNTRACKED:
            direction = "reply" if ctinfo >= IP_CT_IS_REPLY else "original"
        return Result(
            Verdict(verdict),
            CtInfo(ctinfo) if known else None,
            STATES[ctinfo],
            direction,
            pkt.notes or [],
            self._entry(pkt),
            self._events if self._heard_at == pkt.number else [],
        )

    def _entry(self, pkt: Packet) -> Conn | None:
        """The packet's flow; for a packet that has none (INVALID, thrown away) the flow that bears its tuple."""
        ct = pkt.ct
        if ct is None and pkt.ctinfo in (IP_CT_INVALID, UNSEEN):
            ct = self.net.flow_of(pkt)
        return None if ct is None or ct.status & DYING else ct

    def _clock(self, now: int) -> int:
        return self.net.now or now if self.frozen else now

    def _on_event(self, kind: EventKind, ct: Conn, mask: int) -> None:
        self._keep(event_object(kind, ct, self.net.now))

    def _on_expectation(self, kind: EventKind, exp: Expectation) -> None:
        self._keep(expectation_object(kind, exp, self.net.now))

    def _keep(self, event: dict[str, Any]) -> None:
        number = self.packet.number
        if number != self._heard_at:
            self._heard_at = number
            self._events = []
        self._events.append(event)


@contextmanager
def collector_off() -> Iterator[None]:
    """No looking for cycles during a replay: a flow is in none, and a million flows take long to look through."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
