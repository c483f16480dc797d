"""SKELETON for ctcore: a transport protocol with ports, of which one packet asks and another one answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from construct import Int8ub, Int16ub, Struct
from ctcore import Conn, CtInfo, Event, Fields, Header, Packet, Status, Sysctl, Verdict, l4proto
from ctcore.ports import invert_ports, nlattr_to_ports, ports_of, ports_to_nlattr, print_ports
from ctcore.sysctl import timeout

IPPROTO_SKELETON: Final = 253  # for experiments (RFC 3692)
INVALID: Final = -Verdict.ACCEPT

HEADER: Final = Header(
    Struct(
        "source" / Int16ub,
        "dest" / Int16ub,
        "kind" / Int8ub,
        "length" / Int8ub,  # bytes, of header and data
    )
)
REQUEST, ANSWER = 1, 2  # what kinds there are

ASKED, ANSWERED = 0, 1
STATES: Final = ("ASKED", "ANSWERED")
SYSCTLS: Final = (
    timeout("nf_conntrack_skeleton_timeout_asked", 30, "timeouts", "a request without an answer", ASKED),
    timeout("nf_conntrack_skeleton_timeout_answered", 120, "timeouts", "time for the next request", ANSWERED),
)

_read = HEADER.reader("kind", "length")


class Skeleton:
    """The l4proto vtable."""

    name = "skeleton"
    l4num = IPPROTO_SKELETON

    def __init__(self) -> None:
        self.timeouts = [0] * len(STATES)  # nanoseconds; the sysctls fill it

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """The ports."""
        return ports_of(pkt, dataoff)

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        """The ports change places."""
        return invert_ports(u)

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        """The header has to be whole, and its length that of the packet."""
        if pkt.avail - dataoff < HEADER.size:
            return self._invalid(pkt, "short packet")
        kind, length = _read(pkt.buf, dataoff)
        if length != pkt.end - dataoff:
            return self._invalid(pkt, "bad length")
        if kind not in (REQUEST, ANSWER):
            return self._invalid(pkt, f"kind {kind}")
        return Verdict.ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """Only a request opens a flow."""
        ct.proto = ASKED
        kind, _ = _read(pkt.buf, dataoff)
        if kind != REQUEST:
            pkt.log_invalid(IPPROTO_SKELETON, "an answer that nobody asked for")
        return bool(kind == REQUEST)

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Keep the state; the first answer makes the flow ASSURED. What is INVALID changes nothing."""
        kind, _ = _read(pkt.buf, dataoff)
        if (kind == ANSWER) != (ctinfo >= CtInfo.ESTABLISHED_REPLY):
            return self._invalid(pkt, f"kind {kind} in the wrong direction")
        state = ANSWERED if kind == ANSWER else ASKED
        if state != ct.proto:
            ct.proto = state
            ct.cache_event(Event.PROTOINFO)
        if state == ANSWERED and not ct.status & Status.ASSURED:
            ct.status |= Status.ASSURED
            ct.cache_event(Event.ASSURED)
        ct.refresh_acct(pkt, ctinfo, (ct.policy or self.timeouts)[state])
        return Verdict.ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_SKELETON, reason)
        return INVALID

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``sport`` and ``dport``."""
        return print_ports(u)

    @l4proto
    def print_conntrack(self, ct: Conn) -> str:
        """The state."""
        return STATES[ct.proto]

    @l4proto
    def protoinfo(self, ct: Conn) -> Mapping[str, Any]:
        """The state."""
        return {"state": STATES[ct.proto]}

    @l4proto
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """The ports."""
        return ports_to_nlattr(u)

    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """The ports."""
        return nlattr_to_ports(attrs)

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """A timeout for each state."""
        return SYSCTLS
