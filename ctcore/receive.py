"""A packet's whole way through the host: receive path, hook points, routing between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.chain import Link
from ctcore.common import CONFIRMED, DYING, TEMPLATE, UNSEEN
from ctcore.conn import Conn
from ctcore.netfilter import ACCEPT, DROP, FORWARD, LOCAL_IN, LOCAL_OUT, POST_ROUTING, PRE_ROUTING
from ctcore.packet import Packet

if TYPE_CHECKING:
    from ctcore.netns import Net
    from ctcore.slots import L3Slot

OWNED: Final = CONFIRMED | DYING | TEMPLATE  # somebody else than the packet holds such a flow, or has freed it


class Receiver:
    """The path of packets in one namespace.

    ``now``     nanoseconds: the time of the latest packet
    ``latest``  the protocol of the latest packet, or None: the next one is likely to be of the same
    ``held``    how many packets were older than one before them, ``held_most`` by how many nanoseconds at the most
    ``host``    true where the host has addresses of its own; else every packet is forwarded
    """

    __slots__ = ("held", "held_most", "host", "l3protos", "latest", "net", "now", "observers", "wheel")

    def __init__(self, net: Net) -> None:
        self.net = net
        self.now = 0
        self.held = self.held_most = 0
        self.host = False
        self.wheel = net.wheel
        self.l3protos = net.l3protos
        self.latest: L3Slot | None = None
        self.observers = net.packet_observers

    def receive(self, pkt: Packet, ethertype: int, now: int) -> int:
        """Take a packet all its way at the time ``now`` (nanoseconds); returns its verdict.

        The caller has set ``buf``, ``nhoff``, ``avail`` and ``cut``. What became of it is in the packet: flow,
        relation, notes. A time before the last one is taken for the last one, and remarked on.
        """
        pkt.ct = None
        pkt.ctinfo = UNSEEN
        pkt.notes = None
        pkt.protonum = -1
        pkt.mark = 0
        if now > self.now:
            self.now = now
            if now >= self.wheel.next:
                self.net.collect()
        elif now < self.now:
            back = self.now - now
            pkt.note(f"time went back by {back / 1e9:.6f} s; held")
            self.held += 1
            self.held_most = max(self.held_most, back)
            now = self.now
        pkt.now = now
        l3 = self.latest
        if l3 is None or l3.ethertype != ethertype:
            l3 = self.latest = self.l3protos.get(ethertype, self.net.l3_none)
        pkt.l3 = l3
        if l3.ethertype == ethertype:
            verdict = self._track(pkt, l3)
        else:
            pkt.note(f"no l3proto plugin for ethertype 0x{ethertype:04x}")
            verdict = ACCEPT
        if self.observers:
            for packet_seen in self.observers:
                packet_seen(pkt, verdict)
        return verdict

    def _track(self, pkt: Packet, l3: L3Slot) -> int:
        try:
            if self.host:
                verdict = self._from_host(pkt, l3)
            else:
                pkt.hook = PRE_ROUTING
                verdict = l3.ops.rcv(pkt)
                if verdict == ACCEPT:
                    verdict = self._inbound(pkt, l3)
        except Exception as error:
            verdict = self.net.tracker.failed(pkt, error)
        ct: Conn | None = pkt.ct
        if ct is not None and not ct.status & OWNED:
            pkt.ct = None
            self.net.free(ct)
        return verdict

    def _inbound(self, pkt: Packet, l3: L3Slot) -> int:
        """From the wire: PRE_ROUTING, then on to another host, or in."""
        pkt.hook = PRE_ROUTING
        link: Link | None = l3.chains[PRE_ROUTING]
        if link is not None:
            verdict = link.walk(pkt)
            if verdict != ACCEPT:
                return verdict
        hook: int = l3.ops.route(pkt)
        if hook == FORWARD:
            if l3.chains[FORWARD] is not None:
                verdict = l3.hooks.run(FORWARD, pkt)
                if verdict != ACCEPT:
                    return verdict
            hook = POST_ROUTING
        elif hook != LOCAL_IN:
            return DROP
        pkt.hook = hook
        link = l3.chains[hook]
        return ACCEPT if link is None else link.walk(pkt)

    def _from_host(self, pkt: Packet, l3: L3Slot) -> int:
        """Where the host has addresses: what it sends begins at LOCAL_OUT, the rest comes from the wire."""
        addrs = l3.pkt_to_tuple(pkt, pkt.nhoff) or b""
        half = len(addrs) // 2
        outgoing = l3.is_local(addrs[:half])
        pkt.hook = LOCAL_OUT if outgoing else PRE_ROUTING
        pkt.own = outgoing
        verdict: int = l3.rcv(pkt)
        if verdict != ACCEPT:
            return verdict
        if not outgoing:
            return self._inbound(pkt, l3)
        verdict = l3.hooks.run(LOCAL_OUT, pkt)
        if verdict == ACCEPT:
            if addrs[half:] in l3.broadcasts:
                return self._broadcast(pkt, l3)
            verdict = l3.hooks.run(POST_ROUTING, pkt)
        return self._inbound(pkt, l3) if verdict == ACCEPT and l3.is_local(addrs[half:]) else verdict

    def _broadcast(self, pkt: Packet, l3: L3Slot) -> int:
        """A broadcast that the host sends and hears too: first goes the copy that it hears, which is nobody's own."""
        hooks = l3.hooks
        pkt.own = False
        heard = hooks.run(POST_ROUTING, pkt)
        pkt.own = True
        verdict = hooks.run(POST_ROUTING, pkt)
        if heard == ACCEPT:
            pkt.own = False
            self._inbound(pkt, l3)
        return verdict
