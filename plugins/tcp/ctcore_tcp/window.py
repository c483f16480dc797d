"""Window tracking: is a segment one that the flow's ends could have sent and would take (RFC 9293, RFC 7323, RFC 2018)?

Four answers: in the window; out of it and INVALID; out of it and let through without effect; out of it and accepted
without effect on the window, where the sender's record or the namespace is liberal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.common import SEQ_ADJUST, ExtId
from ctcore.netfilter import ACCEPT
from ctcore_tcp.decide import Segment
from ctcore_tcp.header import ACK, RST, SYN
from ctcore_tcp.numbers import (
    BE_LIBERAL,
    DATA_UNACKNOWLEDGED,
    GO_ON,
    HALF,
    IN_WINDOW,
    IPPROTO_TCP,
    MAXACK_SET,
    OUT_OF_WINDOW,
    SACK_PERMITTED,
    U32,
    WINDOW_SCALE,
)
from ctcore_tcp.options import highest_sack, syn_options
from ctcore_tcp.record import Side, TcpState
from ctcore_tcp.states import KIND_ACK, SYN_RECV, SYN_SENT

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.packet import Packet


FITS: Final = 200  # none of the bounds is broken

MAX_ACK_WINDOW: Final = 66000  # the least span in which a late acknowledgment is taken for one

EXT_SEQADJ: Final = int(ExtId.SEQADJ)


def in_window(
    tcp: TcpState,
    pkt: Packet,
    direction: int,
    kind: int,
    seq: int,
    ack: int,
    sack: int,
    end: int,
    flags: int,
    raw_win: int,
    liberal: int,
) -> int:
    """Judge a segment of sides that are known and, where it is in the window, learn from it.

    ``sack`` is ``ack`` or the highest SACK edge beyond it; ``end`` is seq plus everything that the segment occupies;
    ``raw_win`` is the header's window. Returns IN_WINDOW, OUT_OF_WINDOW, or ACCEPT for what is let through.
    """
    if direction:
        sender, receiver = tcp.reply, tcp.original
    else:
        sender, receiver = tcp.original, tcp.reply
    receiver_end = receiver.end
    receiver_win = receiver.maxwin
    ahead = (end - sender.end) & U32
    # Differences modulo 2**32: below HALF means not before, from 1 to HALF after. So numbers that are HALF apart are
    # each after and before the other, as in the kernel's arithmetic.
    if (
        (sender.maxend - seq) & U32 >= HALF
        or (receiver_end - sack) & U32 > MAX_ACK_WINDOW
        or (receiver_win and (ahead + receiver_win) & U32 >= HALF)
        or sender.maxwin >= HALF
    ):
        result = _outside(pkt, sender, receiver, seq, sack, end, liberal)
        if result != FITS:
            return result

    win = raw_win if flags & SYN else raw_win << sender.scale
    reach = win if sack == ack else (win + sack - ack) & U32
    if sender.maxwin < reach:
        sender.maxwin = reach
    if 0 < ahead <= HALF:
        sender.end = end
        sender.flags |= DATA_UNACKNOWLEDGED
    if flags & ACK:
        if not sender.flags & MAXACK_SET:
            sender.maxack = ack
            sender.flags |= MAXACK_SET
        elif 0 < (ack - sender.maxack) & U32 <= HALF:
            sender.maxack = ack
    if receiver_win:
        beyond = (end - sender.maxend) & U32
        if 0 < beyond <= HALF:
            receiver.maxwin = (receiver_win + beyond) & U32
    limit = (sack + win) & U32
    if (limit - receiver.maxend) & U32 < HALF:
        receiver.maxend = limit if win else (limit + 1) & U32
    if ack == receiver_end:
        receiver.flags &= ~DATA_UNACKNOWLEDGED
    if kind == KIND_ACK:
        if (
            tcp.last_seq == seq
            and tcp.last_ack == ack
            and tcp.last_end == end
            and tcp.last_win == raw_win
            and tcp.last_dir == direction
        ):
            tcp.retrans = (tcp.retrans + 1) & 0xFF
        else:
            tcp.last_dir = direction
            tcp.last_seq = seq
            tcp.last_ack = ack
            tcp.last_end = end
            tcp.last_win = raw_win
            tcp.retrans = 0
    return IN_WINDOW


def _outside(pkt: Packet, sender: Side, receiver: Side, seq: int, sack: int, end: int, liberal: int) -> int:
    """The four bounds in full, for a segment that is not plainly inside: which one it breaks, or FITS."""
    maxend, receiver_end, receiver_win = sender.maxend, receiver.end, receiver.maxwin
    ack_window = max(sender.maxwin, MAX_ACK_WINDOW)
    seq_low = (sender.end - receiver_win - 1) & U32
    ack_low = (receiver_end - ack_window - 1) & U32
    seq_fits = (maxend - seq) & U32 < HALF
    ack_fits = (receiver_end - sack) & U32 < HALF
    seq_fresh = 0 < (end - seq_low) & U32 <= HALF
    ack_fresh = 0 < (sack - ack_low) & U32 <= HALF
    result = ACCEPT
    if not seq_fits:
        overshoot = (end - maxend + 1) & U32
        if receiver_win and seq_fresh and ack_fresh and ack_fits and overshoot <= receiver_win:
            sender.end = end
            sender.flags |= DATA_UNACKNOWLEDGED
            text = f"{overshoot} bytes more than expected"
        else:
            result = OUT_OF_WINDOW
            text = f"SEQ is over upper bound {(maxend + 1) & U32} (over the window of the receiver)"
    elif not ack_fits:
        result = OUT_OF_WINDOW
        text = f"ACK is over upper bound {(receiver_end + 1) & U32} (ACKed data not seen yet)"
    elif receiver_win and not seq_fresh:
        text = f"SEQ is under lower bound {seq_low} (already ACKed data retransmitted)"
    elif not ack_fresh:
        text = f"ignored ACK under lower bound {ack_low} (possible overly delayed)"
    else:
        return FITS
    if liberal or sender.flags & BE_LIBERAL:
        return IN_WINDOW
    pkt.log_invalid(IPPROTO_TCP, text)
    return result


Numbers = tuple[int, int, int, int, int]


def get_acquainted(ct: Conn, tcp: TcpState, pkt: Packet, seg: Segment) -> Numbers:
    """What comes before the judgement of segments that are not plain: first ones of a side, SYN, reset, no ACK.

    Returns (answer, seq, ack, sack, end): IN_WINDOW where nothing is left to judge, else GO_ON and what to judge.
    """
    seq, ack, end, flags = seg.seq, seg.ack, seg.end, seg.flags
    sender, receiver = (tcp.reply, tcp.original) if seg.direction else (tcp.original, tcp.reply)
    sack = ack
    if receiver.flags & SACK_PERMITTED:
        sack = highest_sack(pkt.buf, seg.options, seg.options_end, ack)
    if ct.status & SEQ_ADJUST:
        shift = ct.ext_find(EXT_SEQADJ)[not seg.direction].offset(ack - 1)
        ack = (ack - shift) & U32
        sack = (sack - shift) & U32
    if not sender.maxwin:
        if flags & SYN:
            _begin(sender, receiver, pkt.buf, seg)
            if not flags & ACK:
                return IN_WINDOW, seq, ack, sack, end
        else:
            _pick_up(sender, receiver, sack, end, seg.win)
    elif flags & SYN and 0 < (end - sender.end) & U32 <= HALF and tcp.state in (SYN_SENT, SYN_RECV):
        _begin(sender, receiver, pkt.buf, seg)
        if seg.direction and not flags & ACK:
            return IN_WINDOW, seq, ack, sack, end
    if not flags & ACK or (not ack and flags & RST):
        ack = sack = receiver.end
    if flags & RST and not seq and tcp.state == SYN_SENT:
        seq = end = sender.end
    return GO_ON, seq, ack, sack, end


def _begin(sender: Side, receiver: Side, buf: bytes, seg: Segment) -> None:
    """A side is known by its SYN. Scaling holds where both sides offered it."""
    sender.end = sender.maxend = seg.end
    sender.maxwin = seg.win or 1
    sender.scale, sender.flags = syn_options(buf, seg.options, seg.options_end, sender.scale, sender.flags)
    if seg.direction and not sender.flags & receiver.flags & WINDOW_SCALE:
        sender.scale = receiver.scale = 0


def _pick_up(sender: Side, receiver: Side, sack: int, end: int, win: int) -> None:
    """A side is first seen in the middle of the flow: take its word for where things stand."""
    sender.end = end
    sender.maxwin = (win << sender.scale) or 1
    sender.maxend = (end + sender.maxwin) & U32
    if not receiver.maxwin:
        receiver.end = receiver.maxend = sack
    elif sack == (receiver.end + 1) & U32:
        receiver.end = sack
