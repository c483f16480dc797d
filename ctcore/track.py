"""The way of a packet into conntrack: find its flow or open one, and let the protocol judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.common import (
    CONFIRMED,
    EXPECTED,
    IP_CT_ESTABLISHED,
    IP_CT_ESTABLISHED_REPLY,
    IP_CT_INVALID,
    IP_CT_NEW,
    IP_CT_RELATED,
    IP_CT_UNTRACKED,
    ORIGINAL,
    SEEN_REPLY,
    TEMPLATE,
    UNSEEN,
    Event,
    Status,
)
from ctcore.conn import Conn
from ctcore.errors import AnswerError
from ctcore.netfilter import ACCEPT, DROP, PRE_ROUTING, REPEAT
from ctcore.ops import HookFunction
from ctcore.packet import Packet
from ctcore.tuples import U_LEN
from ctcore.zones import ZONE_DFLT

if TYPE_CHECKING:
    from ctcore.netns import Net
    from ctcore.nodes import Node
    from ctcore.slots import L3Slot, L4Slot

NOT_TRACKABLE: Final = -1
TABLE_FULL: Final = -2


class Tracker(HookFunction):
    """conntrack-in of one namespace: the hook function at priority -200 of PRE_ROUTING and LOCAL_OUT."""

    __slots__ = (
        "checksum",
        "creators",
        "expectations",
        "helpers",
        "l4protos",
        "net",
        "nodes",
        "serial",
        "stat",
        "table",
    )

    def __init__(self, net: Net) -> None:
        self.net = net
        self.table = net.table
        self.stat = net.stat
        self.l4protos = net.l4protos
        self.creators = net.ext_creators
        self.expectations = net.expectations
        self.helpers = net.helpers
        self.nodes = net.table.nodes
        self.serial = 0
        self.checksum = 0

    def run(self, pkt: Packet) -> int:
        """Give a packet its flow and its relation to it; returns a verdict."""
        tmpl = pkt.ct
        if tmpl is not None or pkt.ctinfo == IP_CT_UNTRACKED:
            if tmpl is None or not tmpl.status & TEMPLATE:
                return ACCEPT
            pkt.ct = None
        pkt.tmpl = tmpl
        pkt.ctinfo = IP_CT_INVALID
        l3: L3Slot = pkt.l3
        try:
            if pkt.protonum < 0 or l3.ask_l4proto:
                found = l3.get_l4proto(pkt, pkt.nhoff)
                if found is None:
                    self.stat.invalid += 1
                    pkt.note("no transport header can be found")
                    return ACCEPT
                pkt.dataoff, pkt.protonum = found
            dataoff, protonum = pkt.dataoff, pkt.protonum
            pkt.verify = pkt.avail >= pkt.end and pkt.hook == PRE_ROUTING and self.checksum == 1
            l4 = self.l4protos[protonum]
            early = l4.error_before_lookup == l3.l3num
            if early:
                answer: int = l4.ops.error(pkt, dataoff)
                if answer <= 0:
                    self.stat.error += 1
                    pkt.ct = None
                    pkt.ctinfo = IP_CT_INVALID
                    return -answer
                if pkt.ct is not None or pkt.ctinfo == IP_CT_UNTRACKED:
                    return ACCEPT
            while True:
                ctinfo = self.resolve(pkt, l3, l4, dataoff, protonum, tmpl)
                if ctinfo < 0:
                    return self._unresolved(pkt, ctinfo)
                ct = pkt.ct
                assert ct is not None
                verdict: int = ACCEPT if early else l4.ops.error(pkt, dataoff)
                if verdict > 0:
                    if ct.status & CONFIRMED or l4.ops.new(ct, pkt, dataoff):
                        verdict = l4.ops.packet(ct, pkt, dataoff, ctinfo)
                    else:
                        verdict = -ACCEPT
                if verdict > 0:
                    if ctinfo == IP_CT_ESTABLISHED_REPLY and not ct.status & SEEN_REPLY:
                        ct.status |= SEEN_REPLY
                        ct.cache_event(Event.REPLY)
                    return verdict
                self.release(pkt)
                if verdict != -REPEAT:
                    self.stat.invalid += 1
                    if verdict == DROP:
                        self.stat.drop += 1
                    return -verdict
        except Exception as error:
            return self.failed(pkt, error)

    def resolve(self, pkt: Packet, l3: L3Slot, l4: L4Slot, dataoff: int, protonum: int, tmpl: Conn | None) -> int:
        """Attach the flow that a packet belongs to, a new one where there is none; returns ctinfo.

        Below 0 there is no flow: NOT_TRACKABLE, or TABLE_FULL.
        """
        simple = tmpl is None and l3.addrs_at >= 0 and l4.u_at >= 0 and pkt.avail - dataoff >= l4.u_at + U_LEN
        if simple:
            addrs, u = pkt.nhoff + l3.addrs_at, dataoff + l4.u_at
            ct = self.nodes.seek(pkt.buf, addrs, l3.addrs_len, u, l3.suffix[protonum])
            direction = self.nodes.side
            if ct is None:
                addresses, ports = pkt.buf[addrs : addrs + l3.addrs_len], pkt.buf[u : u + U_LEN]
                return self.create(pkt, l3, l4, addresses, ports, protonum, None)
        else:
            told, part = l3.pkt_to_tuple(pkt, pkt.nhoff), l4.pkt_to_tuple(pkt, dataoff)
            if told is None or part is None:
                pkt.note(f"the {l4.name} header is not whole enough to tell the flow")
                return NOT_TRACKABLE
            node = self._find(told + part + l3.suffix[protonum], pkt, tmpl)
            if node is None:
                return self.create(pkt, l3, l4, told, part, protonum, tmpl)
            ct, direction = node
        pkt.ct = ct
        if direction:
            ctinfo = IP_CT_ESTABLISHED_REPLY
        else:
            status = ct.status
            if status & SEEN_REPLY:
                ctinfo = IP_CT_ESTABLISHED
            elif status & EXPECTED:
                ctinfo = IP_CT_RELATED
            else:
                ctinfo = IP_CT_NEW
        pkt.ctinfo = ctinfo
        return ctinfo

    def _find(self, packed: bytes, pkt: Packet, tmpl: Conn | None) -> Node | None:
        if tmpl is None:
            return self.nodes.get(packed)
        return self.net.find(packed, tmpl.zone.resolved(pkt.mark))

    def create(
        self, pkt: Packet, l3: L3Slot, l4: L4Slot, addrs: bytes, u: bytes, protonum: int, tmpl: Conn | None
    ) -> int:
        """Open a flow for a packet, not yet in the table; returns ctinfo, or what ``resolve`` returns below 0."""
        reply_u = l4.invert_tuple(u)
        reply_addrs = l3.invert_tuple(addrs)
        if reply_u is None or reply_addrs is None:
            pkt.note(f"no answer to this {l4.name} packet can exist")
            return NOT_TRACKABLE
        suffix = l3.suffix[protonum]
        packed = addrs + u + suffix
        zone = ZONE_DFLT if tmpl is None else tmpl.zone.resolved(pkt.mark)
        table = self.table
        if table.maximum and table.count >= table.maximum and not self._make_room(zone.key(packed, ORIGINAL)):
            pkt.note("nf_conntrack: table full, dropping packet")
            return TABLE_FULL
        table.count += 1
        ct = Conn(self.net, l3, l4, packed, reply_addrs + reply_u + suffix, zone)
        self.serial += 1
        ct.id = self.serial
        table.unconfirmed.add(ct)
        pkt.ct = ct
        for ext in self.creators:
            if tmpl is None and ext.switch is not None and not getattr(self.net, ext.switch):
                continue
            data = ext.create(ct, tmpl)  # type: ignore[misc] # those that have none are not in the list
            if data is not None:
                ct.ext_add(ext.id, data)
        ctinfo = IP_CT_NEW
        exp = self.expectations.find(packed, zone.effective(ORIGINAL)) if self.expectations.count else None
        if exp is not None:
            self.net.adopt(ct, exp)
            ctinfo = IP_CT_RELATED
        elif tmpl is not None or self.helpers.active:
            self.helpers.give(ct, tmpl)
        pkt.ctinfo = ctinfo
        if exp is not None and exp.expectfn is not None:
            exp.expectfn(ct, exp)
        return ctinfo

    def _make_room(self, key: bytes) -> bool:
        """In a full table: give up a flow for the one with this original key; false where there is none to spare."""
        self.table.count += 1  # early drop finds the new flow counted already
        dropped = self.table.early_drop(key)
        self.table.count -= 1
        if not dropped:
            self.net.want_early_drop()
            return False
        self.stat.early_drop += dropped
        return True

    def _unresolved(self, pkt: Packet, why: int) -> int:
        if why == TABLE_FULL:
            pkt.ctinfo = UNSEEN
            self.stat.drop += 1
            return DROP
        self.stat.invalid += 1
        return ACCEPT

    def release(self, pkt: Packet) -> None:
        """Take the packet's flow away from it; one that was never confirmed has nobody else and is freed."""
        ct = pkt.ct
        pkt.ct = None
        pkt.ctinfo = IP_CT_INVALID
        if ct is not None and not ct.status & (CONFIRMED | Status.DYING):
            self.net.free(ct)

    def failed(self, pkt: Packet, error: Exception) -> int:
        """A plugin's own fault: the plugin is named, and the packet is INVALID where conntrack has seen it."""
        trace = error.__traceback__
        if isinstance(error, TypeError) and trace is not None and trace.tb_next is None:
            # Raised in ``run`` itself, which compares the answers of two hooks with numbers.
            asked = trace.tb_frame.f_locals
            answer = asked.get("verdict", asked.get("answer", 0))
            if not isinstance(answer, int):
                error = AnswerError(self.l4protos[pkt.protonum].plugin, "error or packet", answer)
        if pkt.ctinfo != UNSEEN:
            self.release(pkt)
            self.stat.invalid += 1
        pkt.note(self.net.faults.caught(error))
        return ACCEPT
