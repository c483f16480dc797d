"""Window tracking: is a segment one that the flow's ends could have sent and would take (RFC 9293, RFC 7323, RFC 2018)?

Four answers: in the window; out of it and INVALID; out of it and let through without effect; out of it and accepted
without effect on the window, where the sender's record or the namespace is liberal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.conn import ExtId
from ctcore_tcp.header import ACK, RST, SYN
from ctcore_tcp.options import BE_LIBERAL, HALF, SACK_PERMITTED, U32, WINDOW_SCALE, highest_sack, syn_options
from ctcore_tcp.record import DATA_UNACKNOWLEDGED, MAXACK_SET, Side, TcpState
from ctcore_tcp.states import KIND_ACK, SYN_RECV, SYN_SENT

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.packet import Packet

IN_WINDOW: Final = 0
LET_THROUGH: Final = 1
OUT_OF_WINDOW: Final = 2

MAX_ACK_WINDOW: Final = 66000  # the least span in which a late acknowledgment is taken for one

IPPROTO_TCP: Final = 6
EXT_SEQADJ: Final = int(ExtId.SEQADJ)


def in_window(
    ct: Conn,
    tcp: TcpState,
    pkt: Packet,
    options: int,
    options_end: int,
    direction: int,
    kind: int,
    seq: int,
    ack: int,
    end: int,
    flags: int,
    raw_win: int,
    liberal: int,
) -> int:
    """Judge a segment and, where it is in the window, learn from it.

    ``options`` and ``options_end`` are places in ``pkt.buf``; ``end`` is seq plus everything that the segment occupies;
    ``raw_win`` is the header's window. Returns IN_WINDOW, LET_THROUGH or OUT_OF_WINDOW.
    """
    if direction:
        sender, receiver = tcp.reply, tcp.original
    else:
        sender, receiver = tcp.original, tcp.reply
    sack = ack
    if receiver.flags & SACK_PERMITTED and options < options_end:
        sack = highest_sack(pkt.buf, options, options_end, sack)
    if ct.ext is not None and ct.ext[EXT_SEQADJ] is not None:
        shift = ct.ext[EXT_SEQADJ][not direction].offset(ack - 1)
        ack = (ack - shift) & U32
        sack = (sack - shift) & U32

    if not sender.maxwin:
        if flags & SYN:
            _begin(sender, receiver, pkt.buf, options, options_end, direction, end, raw_win)
            if not flags & ACK:
                return IN_WINDOW
        else:
            _pick_up(sender, receiver, sack, end, raw_win)
    elif flags & SYN and 0 < (end - sender.end) & U32 < HALF and tcp.state in (SYN_SENT, SYN_RECV):
        _begin(sender, receiver, pkt.buf, options, options_end, direction, end, raw_win)
        if direction and not flags & ACK:
            return IN_WINDOW

    receiver_end = receiver.end
    if not flags & ACK or (not ack and flags & RST):
        ack = sack = receiver_end
    if flags & RST and not seq and tcp.state == SYN_SENT:
        seq = end = sender.end

    sender_end = sender.end
    maxend = sender.maxend
    receiver_win = receiver.maxwin
    ack_window = sender.maxwin if sender.maxwin > MAX_ACK_WINDOW else MAX_ACK_WINDOW
    # Differences modulo 2**32: below HALF means not before.
    seq_in = (maxend - seq) & U32 < HALF
    ack_behind = (receiver_end - sack) & U32
    data_fresh = not receiver_win or 0 < (end - sender_end + receiver_win + 1) & U32 < HALF
    ack_fresh = 0 < (sack - receiver_end + ack_window + 1) & U32 < HALF
    if not (seq_in and ack_behind < HALF and data_fresh and ack_fresh):
        text = ""
        result = LET_THROUGH
        if not seq_in:
            overshoot = (end - maxend + 1) & U32
            if receiver_win and data_fresh and ack_fresh and overshoot <= receiver_win and ack_behind < HALF:
                sender.end = end
                sender.flags |= DATA_UNACKNOWLEDGED
                text = f"{overshoot} bytes more than expected"
            else:
                result = OUT_OF_WINDOW
                text = f"SEQ is over upper bound {(maxend + 1) & U32} (over the window of the receiver)"
        elif ack_behind >= HALF:
            result = OUT_OF_WINDOW
            text = f"ACK is over upper bound {(receiver_end + 1) & U32} (ACKed data not seen yet)"
        elif not data_fresh:
            bound = (sender_end - receiver_win - 1) & U32
            text = f"SEQ is under lower bound {bound} (already ACKed data retransmitted)"
        else:
            bound = (receiver_end - ack_window - 1) & U32
            text = f"ignored ACK under lower bound {bound} (possible overly delayed)"
        if liberal or sender.flags & BE_LIBERAL:
            return IN_WINDOW
        pkt.log_invalid(IPPROTO_TCP, text)
        return result

    win = raw_win if flags & SYN else raw_win << sender.scale
    reach = (win + sack - ack) & U32
    if sender.maxwin < reach:
        sender.maxwin = reach
    if 0 < (end - sender_end) & U32 < HALF:
        sender.end = end
        sender.flags |= DATA_UNACKNOWLEDGED
    if flags & ACK:
        if not sender.flags & MAXACK_SET:
            sender.maxack = ack
            sender.flags |= MAXACK_SET
        elif 0 < (ack - sender.maxack) & U32 < HALF:
            sender.maxack = ack
    if receiver_win:
        beyond = (end - maxend) & U32
        if 0 < beyond < HALF:
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


def _begin(
    sender: Side, receiver: Side, buf: bytes, options: int, options_end: int, direction: int, end: int, win: int
) -> None:
    """A side is known by its SYN. Scaling holds where both sides offered it."""
    sender.end = sender.maxend = end
    sender.maxwin = win or 1
    syn_options(buf, options, options_end, sender)
    if direction and not sender.flags & receiver.flags & WINDOW_SCALE:
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
