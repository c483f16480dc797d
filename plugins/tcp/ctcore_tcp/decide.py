"""The turns of the state machine that need more than the table: opening again, ignored segments, resets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.common import ASSURED, FIXED_TIMEOUT, SEEN_REPLY
from ctcore.conn import Conn
from ctcore.netfilter import ACCEPT, DROP, REPEAT
from ctcore.sysctl import SECOND
from ctcore_tcp.numbers import (
    BE_LIBERAL,
    CLOSE_INIT,
    EXP_CHALLENGE_ACK,
    GO_ON,
    IN_WINDOW,
    IPPROTO_TCP,
    MAXACK_SET,
    SACK_PERMITTED,
    SIMULTANEOUS_OPEN,
    U32,
    WINDOW_SCALE,
)
from ctcore_tcp.options import syn_options
from ctcore_tcp.record import TcpState
from ctcore_tcp.states import (
    CLOSE,
    ESTABLISHED,
    FIN_WAIT,
    IGNORE,
    INVALID,
    KIND_ACK,
    KIND_FIN,
    KIND_RST,
    KIND_SYN,
    KIND_SYNACK,
    LAST_ACK,
    STATE_NAMES,
    SYN_RECV,
    SYN_SENT,
    SYN_SENT2,
    TIME_WAIT,
    UNACK,
)

if TYPE_CHECKING:
    from ctcore.packet import Packet
    from ctcore_tcp.l4proto import Tcp

LINGERING: Final = 120 * SECOND  # a flow that has no more than this left is not cut shorter
TICKS_PER_SECOND: Final = 250  # of the kernel's log

Answer = tuple[int, int, int]


class Segment:
    """A segment that needs a second look; ``options`` to ``options_end`` are places in the packet's buffer."""

    __slots__ = ("ack", "direction", "end", "flags", "kind", "options", "options_end", "seq", "win")

    def __init__(
        self,
        direction: int,
        kind: int,
        seq: int,
        ack: int,
        end: int,
        flags: int,
        win: int,
        options: int,
        options_end: int,
    ) -> None:
        self.direction = direction
        self.kind = kind
        self.seq = seq
        self.ack = ack
        self.end = end
        self.flags = flags
        self.win = win
        self.options = options
        self.options_end = options_end


def decide(plugin: Tcp, ct: Conn, tcp: TcpState, pkt: Packet, seg: Segment, old: int, new: int) -> Answer:
    """Judge a segment whose turn in the table has a rule of its own.

    Returns (answer, old state, new state); the answer is GO_ON, IN_WINDOW, or what ``packet`` returns.
    """
    if new == SYN_SENT and old >= TIME_WAIT:
        if _may_reopen(tcp, seg):
            return (-REPEAT if ct.net.delete(ct) else DROP), old, new
        new = IGNORE
    if new == IGNORE:
        if seg.kind == KIND_SYNACK and _answers_ignored_syn(tcp, seg):
            _resynchronise(tcp, seg)
            return GO_ON, SYN_SENT, SYN_RECV
        return _ignore(tcp, pkt, seg, old), old, new
    if new == INVALID:
        return _invalid(pkt, seg, old), old, new
    if new == TIME_WAIT and _is_challenge_ack(tcp, seg, old):
        tcp.last_flags &= ~EXP_CHALLENGE_ACK
        pkt.log_invalid(IPPROTO_TCP, "challenge-ack ignored")
        return ACCEPT, old, new
    if new == SYN_SENT2:
        tcp.last_flags |= SIMULTANEOUS_OPEN
    elif new == SYN_RECV:
        if seg.direction and seg.kind == KIND_ACK and tcp.last_flags & SIMULTANEOUS_OPEN:
            return GO_ON, old, ESTABLISHED
    elif new == CLOSE and seg.kind == KIND_RST:
        return _reset(plugin, ct, tcp, pkt, seg, old)
    return GO_ON, old, new


def _may_reopen(tcp: TcpState, seg: Segment) -> bool:
    """A SYN opens an ended flow again after a FIN, or after a reset from the SYN's own side."""
    if (tcp.original.flags | tcp.reply.flags) & CLOSE_INIT:
        return True
    return tcp.last_dir == seg.direction and tcp.last_index == KIND_RST


def _answers_ignored_syn(tcp: TcpState, seg: Segment) -> bool:
    return tcp.last_index == KIND_SYN and tcp.last_dir != seg.direction and seg.ack == tcp.last_end


def _resynchronise(tcp: TcpState, seg: Segment) -> None:
    """The answer to a SYN that was ignored: that SYN was meant, and the flow begins anew from it."""
    opener, other = (tcp.original, tcp.reply) if seg.direction else (tcp.reply, tcp.original)
    opener.end = opener.maxend = tcp.last_end
    opener.maxwin = tcp.last_win or 1
    opener.scale = tcp.last_wscale
    tcp.last_flags &= ~EXP_CHALLENGE_ACK
    opener.flags = tcp.last_flags
    other.end = other.maxend = other.maxwin = other.maxack = other.scale = 0
    other.flags &= BE_LIBERAL


def _ignore(tcp: TcpState, pkt: Packet, seg: Segment, old: int) -> int:
    """Let a segment through without effect, and remember it: the answer will tell."""
    tcp.last_index = seg.kind
    tcp.last_dir = seg.direction
    tcp.last_seq = seg.seq
    tcp.last_end = seg.end
    tcp.last_win = seg.win
    if seg.kind == KIND_SYN and not seg.direction:
        scale, flags = syn_options(pkt.buf, seg.options, seg.options_end, 0, 0)
        tcp.last_wscale = scale if flags & WINDOW_SCALE else 0
        tcp.last_flags = flags & (WINDOW_SCALE | SACK_PERMITTED)
        if old == LAST_ACK:
            tcp.last_flags |= EXP_CHALLENGE_ACK
    elif old == SYN_SENT and seg.kind == KIND_ACK and seg.direction:
        tcp.last_ack = seg.ack
    where = f"packet (index {seg.kind}) in dir {seg.direction}"
    pkt.log_invalid(IPPROTO_TCP, f"{where} ignored, state {STATE_NAMES[old]}")
    return ACCEPT


def _invalid(pkt: Packet, seg: Segment, old: int) -> int:
    where = f"packet (index {seg.kind}) in dir {seg.direction}"
    pkt.log_invalid(IPPROTO_TCP, f"{where} invalid, state {STATE_NAMES[old]}")
    return -ACCEPT


def _is_challenge_ack(tcp: TcpState, seg: Segment, old: int) -> bool:
    return (
        old == LAST_ACK
        and seg.kind == KIND_ACK
        and tcp.last_dir != seg.direction
        and tcp.last_index == KIND_SYN
        and bool(tcp.last_flags & EXP_CHALLENGE_ACK)
    )


def _reset(plugin: Tcp, ct: Conn, tcp: TcpState, pkt: Packet, seg: Segment, old: int) -> Answer:
    """A reset ends the flow where it must be meant for it; one that may be a guess shortens its life."""
    if FIN_WAIT <= old <= CLOSE:
        return IN_WINDOW, old, CLOSE
    new = CLOSE
    peer = tcp.original if seg.direction else tcp.reply
    if peer.flags & MAXACK_SET and tcp.last_index != KIND_SYN:
        established = old == ESTABLISHED and bool(ct.status & ASSURED)
        if not seg.seq and not established:
            return GO_ON, old, new
        if (seg.seq - peer.maxack) & U32 >= 1 << 31 and not plugin.ignore_invalid_rst:
            pkt.log_invalid(IPPROTO_TCP, "invalid rst")
            return -ACCEPT, old, new
        if not established or seg.seq == peer.maxack:
            return GO_ON, old, new
        if tcp.last_index == KIND_ACK and tcp.last_dir == seg.direction and seg.seq == tcp.last_end:
            return GO_ON, old, new
        new = old
    if seg.ack == tcp.last_end and (
        (ct.status & SEEN_REPLY and tcp.last_index == KIND_SYN and tcp.last_dir != seg.direction)
        or (not ct.status & ASSURED and tcp.last_index == KIND_ACK)
    ):
        return IN_WINDOW, old, new
    if old == SYN_SENT and tcp.last_index == KIND_ACK and tcp.last_dir and seg.seq == tcp.last_ack:
        return IN_WINDOW, old, new
    return GO_ON, old, new


def out_of_window(plugin: Tcp, ct: Conn, tcp: TcpState, pkt: Packet, direction: int, kind: int) -> None:
    """FIN or reset out of the window, in both directions one after the other: the flow has moved on without us."""
    if not ct.status & ASSURED or ct.status & FIXED_TIMEOUT or kind not in (KIND_FIN, KIND_RST):
        return
    if tcp.last_dir != direction and tcp.last_index in (KIND_FIN, KIND_RST):
        short = (ct.policy or plugin.timeouts)[UNACK]
        left = ct.remaining(pkt.now)
        if left >= LINGERING and left > short:
            text = f"packet (index {kind}, dir {direction}) response for index {tcp.last_index}"
            pkt.log_invalid(IPPROTO_TCP, f"{text} lower timeout to {short * TICKS_PER_SECOND // SECOND}")
            ct.refresh(pkt, short)
    else:
        tcp.last_index = kind
        tcp.last_dir = direction
