"""QUIZ for ctcore: one host asks, the other answers, and either says goodbye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from construct import Int8ub, Int16ub, Struct
from ctcore import Conn, CtInfo, Event, Fields, Header, Packet, Status, Sysctl, Verdict, l4proto
from ctcore.ports import invert_ports, ports_of, print_ports
from ctcore.sysctl import timeout

IPPROTO_QUIZ: Final = 253  # for experiments (RFC 3692)
INVALID: Final = -Verdict.ACCEPT

ASKED, ANSWERED, OVER = range(3)
STATES: Final = ("ASKED", "ANSWERED", "OVER")

SYSCTLS: Final = (
    timeout("nf_conntrack_quiz_timeout_asked", 30, "timeouts", "a question without an answer", ASKED),
    timeout("nf_conntrack_quiz_timeout_answered", 600, "timeouts", "time for the next question", ANSWERED),
    timeout("nf_conntrack_quiz_timeout_over", 5, "timeouts", "after a goodbye", OVER),
)

QUIZ: Final = Header(Struct("source" / Int16ub, "dest" / Int16ub, "kind" / Int8ub, "score" / Int8ub))
QUESTION, ANSWER, GOODBYE = 1, 2, 3

NEXT: Final = {
    # kind and direction: the state after ASKED, ANSWERED, OVER (None: INVALID)
    (QUESTION, "original"): (ASKED, ASKED, None),  # only who began asks, as often as he likes
    (ANSWER, "reply"): (ANSWERED, ANSWERED, None),  # only the other one answers, at length if need be
    (GOODBYE, "original"): (OVER, OVER, OVER),  # either may end it, and say so again
    (GOODBYE, "reply"): (OVER, OVER, OVER),
}

_read_kind = QUIZ.reader("kind")


class Quiz:
    """The l4proto vtable."""

    name = "quiz"
    l4num = IPPROTO_QUIZ

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
        """The whole header has to be there."""
        if pkt.avail - dataoff < QUIZ.size:
            pkt.log_invalid(IPPROTO_QUIZ, "short packet")
            return INVALID
        return Verdict.ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """Only a question opens a flow."""
        ct.proto = ASKED
        (kind,) = _read_kind(pkt.buf, dataoff)
        if kind != QUESTION:
            pkt.log_invalid(IPPROTO_QUIZ, f"kind {kind} cannot open a flow")
        return bool(kind == QUESTION)

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Follow the table; the first answer makes the flow ASSURED."""
        (kind,) = _read_kind(pkt.buf, dataoff)
        direction = "reply" if ctinfo >= CtInfo.ESTABLISHED_REPLY else "original"
        state = NEXT.get((kind, direction), (None, None, None))[ct.proto]
        if state is None:
            pkt.log_invalid(IPPROTO_QUIZ, f"kind {kind} in direction {direction}, state {STATES[ct.proto]}")
            return INVALID
        if state != ct.proto:
            ct.proto = state
            ct.cache_event(Event.PROTOINFO)
        if state == ANSWERED and not ct.status & Status.ASSURED:
            ct.status |= Status.ASSURED
            ct.cache_event(Event.ASSURED)
        ct.refresh_acct(pkt, ctinfo, (ct.policy or self.timeouts)[state])
        return Verdict.ACCEPT

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
    def sysctls(self) -> Sequence[Sysctl]:
        """A timeout for each state."""
        return SYSCTLS
