"""A packet's whole way through the host: receive path, hook points, routing between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.common import CONFIRMED, DYING, TEMPLATE, UNSEEN
from ctcore.conn import Conn
from ctcore.netfilter import ACCEPT, DROP, FORWARD, LOCAL_IN, LOCAL_OUT, POST_ROUTING, PRE_ROUTING
from ctcore.packet import Packet

if TYPE_CHECKING:
    from ctcore.netns import Net

OWNED: Final = CONFIRMED | DYING | TEMPLATE  # somebody else than the packet holds such a flow, or has freed it

NO_FLOW: Conn | None = None


class Receiver:
    """The path of packets in one namespace."""

    __slots__ = ("net",)

    def __init__(self, net: Net) -> None:
        self.net = net

    def receive(self, pkt: Packet, ethertype: int, now: int) -> int:
        """Take a packet all its way at the time ``now`` (nanoseconds); returns its verdict.

        The caller has set ``buf``, ``nhoff``, ``avail`` and ``cut``. What became of it is in the packet: flow,
        relation, notes. A time before the last one is taken for the last one, and remarked on.
        """
        net = self.net
        pkt.ct = NO_FLOW
        pkt.ctinfo = UNSEEN
        pkt.notes = None
        pkt.protonum = -1
        pkt.mark = 0
        if now > net.now:
            net.now = now
            if now >= net.wheel.next:
                net.collect()
        elif now < net.now:
            pkt.note(f"time went back by {(net.now - now) / 1e9:.6f} s; held")
            now = net.now
        pkt.now = now
        l3 = net.l3protos.get(ethertype)
        if l3 is None:
            pkt.l3 = net.l3_none
            pkt.note(f"no l3proto plugin for ethertype 0x{ethertype:04x}")
            verdict = ACCEPT
        else:
            pkt.l3 = l3
            try:
                if net.host:
                    verdict = self._from_host(pkt)
                else:
                    pkt.hook = PRE_ROUTING
                    verdict = l3.rcv(pkt)
                    if verdict == ACCEPT:
                        verdict = self._inbound(pkt)
            except Exception as error:
                verdict = net.tracker.failed(pkt, error)
            ct = pkt.ct
            if ct is not None and not ct.status & OWNED:
                pkt.ct = None
                net.free(ct)
        for packet_seen in net.packet_observers:
            packet_seen(pkt, verdict)
        return verdict

    def _inbound(self, pkt: Packet) -> int:
        """From the wire: PRE_ROUTING, then on to another host, or in."""
        l3 = pkt.l3
        chains = l3.hooks.chains
        pkt.hook = PRE_ROUTING
        for function in chains[PRE_ROUTING]:
            verdict = function(pkt)
            if verdict != ACCEPT:
                return verdict
        hook = l3.route(pkt)
        if hook == FORWARD:
            if chains[FORWARD]:
                verdict = l3.hooks.run(FORWARD, pkt)
                if verdict != ACCEPT:
                    return verdict
            hook = POST_ROUTING
        elif hook != LOCAL_IN:
            return DROP
        pkt.hook = hook
        for function in chains[hook]:
            verdict = function(pkt)
            if verdict != ACCEPT:
                return verdict
        return ACCEPT

    def _from_host(self, pkt: Packet) -> int:
        """Where the host has addresses: what it sends begins at LOCAL_OUT, the rest comes from the wire."""
        l3 = pkt.l3
        addrs = l3.pkt_to_tuple(pkt, pkt.nhoff) or b""
        half = len(addrs) // 2
        outgoing = l3.is_local(addrs[:half])
        pkt.hook = LOCAL_OUT if outgoing else PRE_ROUTING
        verdict: int = l3.rcv(pkt)
        if verdict != ACCEPT:
            return verdict
        if not outgoing:
            return self._inbound(pkt)
        for hook in (LOCAL_OUT, POST_ROUTING):
            verdict = l3.hooks.run(hook, pkt)
            if verdict != ACCEPT:
                return verdict
        return self._inbound(pkt) if l3.is_local(addrs[half:]) else ACCEPT
