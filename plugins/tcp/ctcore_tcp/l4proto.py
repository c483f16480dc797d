"""The TCP vtable: validity, the state machine, window tracking and the timeouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ctcore.common import ASSURED, IP_CT_IS_REPLY, SEEN_REPLY, SEQ_ADJUST, Event
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.ports import invert_ports, nlattr_to_ports, ports_to_nlattr, print_ports, save_ports
from ctcore.sysctl import Sysctl
from ctcore_tcp.attributes import from_nlattr, to_nlattr
from ctcore_tcp.decide import Segment, decide, out_of_window
from ctcore_tcp.header import FIN, SENSIBLE_FLAGS, TCP
from ctcore_tcp.numbers import (
    ALIGNED_LENGTH,
    ALIGNED_TIMESTAMP,
    BE_LIBERAL,
    CLOSE_INIT,
    DATA_UNACKNOWLEDGED,
    GO_ON,
    IN_WINDOW,
    IPPROTO_TCP,
    OUT_OF_WINDOW,
    SACK_PERMITTED,
    U32,
)
from ctcore_tcp.octets import octets
from ctcore_tcp.options import highest_sack, syn_options
from ctcore_tcp.record import TcpState
from ctcore_tcp.states import (
    CLOSE,
    ESTABLISHED,
    FIN_WAIT,
    INVALID,
    KIND_ACK,
    KIND_OF,
    KIND_RST,
    KIND_SYN,
    KINDS,
    NONE,
    RETRANS,
    STATE_NAMES,
    STATES,
    SYN_RECV,
    SYN_SENT,
    TRANSITIONS,
    UNACK,
)
from ctcore_tcp.sysctls import DEFAULT_NANOSECONDS, SYSCTLS, TIMEOUT_COUNT
from ctcore_tcp.window import get_acquainted, in_window

TCP_SIZE: Final = TCP.size


class Tcp(L4Ops):
    """Transmission Control Protocol (RFC 9293)."""

    name = "tcp"
    l4num = IPPROTO_TCP
    tuple_at = 0
    state_names = STATE_NAMES

    def __init__(self) -> None:
        self.timeouts = [DEFAULT_NANOSECONDS] * TIMEOUT_COUNT
        self.loose = 0
        self.be_liberal = 0
        self.ignore_invalid_rst = 0
        self.max_retrans = 0

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """The ports."""
        return pkt.buf[dataoff : dataoff + 4] if pkt.avail - dataoff >= 4 else None

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        """The ports change places."""
        return invert_ports(u)

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        """Header, data offset, checksum and flags."""
        buf, l3 = pkt.buf, pkt.l3
        if pkt.avail - dataoff < TCP_SIZE:
            pkt.note("the TCP header is not all there")
            return -ACCEPT
        doff = (buf[dataoff + 12] >> 4) * 4
        if doff < TCP_SIZE or doff > pkt.end - dataoff:
            return self._invalid(pkt, "truncated packet")
        if pkt.verify and not l3.ops.checksum(pkt, dataoff, IPPROTO_TCP):
            return self._invalid(pkt, "bad checksum")
        if not SENSIBLE_FLAGS[buf[dataoff + 13]]:
            return self._invalid(pkt, "invalid tcp flag combination")
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_TCP, reason)
        return -ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """A SYN opens a flow; where the namespace is loose, an ACK picks one up whose beginning was not seen."""
        seq, _, doff_res, flags, win = octets.segment(pkt.buf, dataoff)
        target = TRANSITIONS[KIND_OF[flags] * STATES + NONE]
        if target >= INVALID:
            pkt.log_invalid(IPPROTO_TCP, "invalid new")
            return False
        if target != SYN_SENT and not self.loose:
            pkt.note("nf_conntrack_tcp_loose is 0: a connection is not picked up in the middle")
            return False
        tcp = TcpState()
        doff = (doff_res >> 4) * 4
        side = tcp.original
        side.end = (seq + pkt.end - dataoff - doff + (flags >> 1 & 1) + (flags & FIN)) & U32
        side.maxwin = win or 1
        side.maxend = side.end
        if target == SYN_SENT:
            options_end = min(dataoff + doff, pkt.avail)
            side.scale, side.flags = syn_options(pkt.buf, dataoff + TCP_SIZE, options_end, side.scale, side.flags)
        else:
            side.maxend = (side.end + side.maxwin) & U32
            side.flags = tcp.reply.flags = SACK_PERMITTED | BE_LIBERAL
        ct.proto = tcp
        return True

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Move the flow on by one segment."""
        seq, ack, doff_res, flags, win = octets.segment(pkt.buf, dataoff)
        tcp: TcpState = ct.proto
        kind = KIND_OF[flags]
        old = tcp.state
        options = dataoff + TCP_SIZE
        payload = dataoff + (doff_res >> 4) * 4
        if ctinfo >= IP_CT_IS_REPLY:
            direction, sender, receiver = 1, tcp.reply, tcp.original
        else:
            direction, sender, receiver = 0, tcp.original, tcp.reply
        new = TRANSITIONS[(direction * KINDS + kind) * STATES + old]
        end = (seq + pkt.end - payload) & U32
        sack = ack
        if kind == KIND_ACK and new == ESTABLISHED and sender.maxwin and not ct.status & SEQ_ADJUST:
            if (
                payload != options
                and receiver.flags & SACK_PERMITTED
                and (
                    payload - options != ALIGNED_LENGTH
                    or payload > pkt.avail
                    or octets.word(pkt.buf, options)[0] != ALIGNED_TIMESTAMP
                )
            ):
                sack = highest_sack(pkt.buf, options, min(payload, pkt.avail), ack)
            answer = GO_ON
        else:
            end = (end + (flags >> 1 & 1) + (flags & FIN)) & U32
            seg = Segment(direction, kind, seq, ack, end, flags, win, options, min(payload, pkt.avail))
            answer, old, new = decide(self, ct, tcp, pkt, seg, old, new)
            if answer == GO_ON:
                answer, seq, ack, sack, end = get_acquainted(ct, tcp, pkt, seg)
        if answer == GO_ON:
            answer = in_window(tcp, pkt, direction, kind, seq, ack, sack, end, flags, win, self.be_liberal)
        if answer != IN_WINDOW:
            if answer != OUT_OF_WINDOW:
                return answer
            out_of_window(self, ct, tcp, pkt, direction, kind)
            return -ACCEPT

        tcp.last_index = kind
        tcp.last_dir = direction
        if new != old:
            tcp.state = new
            if new == FIN_WAIT:
                sender.flags |= CLOSE_INIT
            ct.cache_event(Event.PROTOINFO)
        timeouts = self.timeouts if ct.policy is None else ct.policy
        timeout = self._timeout(tcp, timeouts, kind, new)
        status = ct.status
        if not status & SEEN_REPLY:
            if kind == KIND_RST:
                ct.acct(pkt, ctinfo)
                ct.net.delete(ct)
                return ACCEPT
            if kind == KIND_SYN and old == SYN_SENT:
                return ACCEPT
            if new == ESTABLISHED and timeout > timeouts[UNACK]:
                timeout = timeouts[UNACK]
        elif new == ESTABLISHED and not status & ASSURED and old in (ESTABLISHED, SYN_RECV):
            ct.status = status | ASSURED
            ct.cache_event(Event.ASSURED)
        ct.refresh_acct(pkt, ctinfo, timeout)
        return ACCEPT

    def _timeout(self, tcp: TcpState, timeouts: list[int], kind: int, new: int) -> int:
        """How long the flow lives from this segment on: the state's timeout, but less where something is wrong."""
        timeout = timeouts[new]
        if tcp.retrans >= self.max_retrans:
            limit = timeouts[RETRANS]
            if timeout > limit:
                return limit
        if kind == KIND_RST:
            return timeouts[CLOSE]
        if (tcp.original.flags | tcp.reply.flags) & DATA_UNACKNOWLEDGED:
            limit = timeouts[UNACK]
            if timeout > limit:
                return limit
        if not tcp.last_win:
            limit = timeouts[RETRANS]
            if timeout > limit:
                return limit
        return timeout

    @l4proto
    def can_early_drop(self, ct: Conn) -> bool:
        """A flow that is closing may go."""
        return bool(FIN_WAIT <= ct.proto.state <= CLOSE)

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``sport`` and ``dport``."""
        return print_ports(u)

    @l4proto
    def print_conntrack(self, ct: Conn) -> str:
        """The name of the state."""
        return STATE_NAMES[ct.proto.state]

    @l4proto
    def protoinfo(self, ct: Conn) -> Mapping[str, Any]:
        """State, window scales and flags of both directions."""
        original, reply = ct.proto.side(0), ct.proto.side(1)
        return {
            "state": STATE_NAMES[ct.proto.state],
            "wscale": [original.scale, reply.scale],
            "flags": [original.flags, reply.flags],
        }

    @l4proto
    def print_save(self, original: bytes, reply: bytes) -> Fields:
        """The ports of both directions."""
        return save_ports(original, reply)

    @l4proto
    def to_nlattr(self, ct: Conn, destroy: bool) -> bytes:
        """CTA_PROTOINFO_TCP."""
        return to_nlattr(ct.proto, destroy)

    @l4proto
    def from_nlattr(self, ct: Conn, attrs: Mapping[int, bytes]) -> None:
        """From CTA_PROTOINFO_TCP."""
        from_nlattr(ct.proto, attrs)

    @l4proto
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
        return ports_to_nlattr(u)

    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
        return nlattr_to_ports(attrs)

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """Ten timeouts and four rules."""
        return SYSCTLS
