"""The way of a packet out of conntrack: the helper looks at it, and a new flow enters the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.common import (
    CONFIRMED,
    DYING,
    EXT_ACCT,
    EXT_HELPER,
    EXT_TSTAMP,
    FIXED_TIMEOUT,
    IP_CT_IS_REPLY,
    IP_CT_RELATED_REPLY,
    NAT_CLASH,
    ORIGINAL,
    REPLY,
    Event,
)
from ctcore.conn import Conn
from ctcore.errors import AnswerError
from ctcore.netfilter import ACCEPT, DROP, Verdict
from ctcore.ops import HookFunction
from ctcore.packet import Packet
from ctcore.sysctl import SECOND

if TYPE_CHECKING:
    from ctcore.netns import Net
    from ctcore.slots import HelperSlot

CLASH_TIMEOUT: Final = SECOND
VERDICTS: Final = tuple(int(verdict) for verdict in Verdict)


class Confirmer(HookFunction):
    """Confirm of one namespace: the last hook function of POST_ROUTING and LOCAL_IN."""

    __slots__ = (
        "net",
        "notifier",
        "stat",
        "table",
    )

    def __init__(self, net: Net) -> None:
        self.net = net
        self.table = net.table
        self.stat = net.stat
        self.notifier = net.notifier

    def run(self, pkt: Packet) -> int:
        """Let the helper see the packet, insert a new flow, deliver the events; returns a verdict."""
        ct: Conn | None = pkt.ct
        if ct is None:
            return ACCEPT
        if ct.ext is not None:
            data = ct.ext[EXT_HELPER]
            if data is not None and pkt.ctinfo != IP_CT_RELATED_REPLY:
                verdict = self._help(data.helper, pkt, ct)
                if verdict != ACCEPT:
                    return verdict
        elif ct.status & CONFIRMED:
            return ACCEPT
        if ct.status & CONFIRMED:
            self.notifier.deliver_cached(ct)
            return ACCEPT
        return self._insert(pkt, ct)

    def _help(self, helper: HelperSlot, pkt: Packet, ct: Conn) -> int:
        if pkt.avail < pkt.end:
            pkt.note(f"only part of the packet was captured: the helper {helper.name} cannot look at it")
            return ACCEPT
        try:
            answer = helper.help(pkt, pkt.dataoff, ct, pkt.ctinfo)
            if answer != ACCEPT and answer not in VERDICTS:
                raise AnswerError(helper.plugin, "help", answer)
        except Exception as error:
            pkt.note(self.net.faults.caught(error))
            return ACCEPT
        verdict: int = answer
        return verdict

    def _insert(self, pkt: Packet, ct: Conn) -> int:
        if pkt.ctinfo >= IP_CT_IS_REPLY:
            return ACCEPT
        if ct.status & DYING:
            self.stat.insert_failed += 1
            return DROP
        for direction in (ORIGINAL, REPLY):
            winner = self._clash(ct, direction)
            if winner is not None:
                return self._resolve_clash(pkt, ct, winner)
            if self.table.chain_too_long(ct, direction):
                self.stat.chaintoolong += 1
                self.stat.insert_failed += 1
                return DROP
        self._enter(ct, pkt.now)
        self.table.insert(ct)
        if ct.ext is not None:
            if ct.ext[EXT_HELPER] is not None:
                ct.cache_event(Event.HELPER)
            ct.cache_event(Event.NEW if ct.master is None else Event.RELATED)
            self.notifier.deliver_cached(ct)
        return ACCEPT

    def _enter(self, ct: Conn, now: int) -> None:
        ct.timeout += now
        ct.status |= CONFIRMED
        self.net.wheel.arm(ct)
        times = ct.ext_find(EXT_TSTAMP)
        if times is not None:
            times.start = now

    def _clash(self, ct: Conn, direction: int) -> Conn | None:
        """The flow in the table that bears a new flow's tuple already, in the same zone."""
        nodes = self.table.nodes
        other = nodes.holder(ct, direction)
        if other is None or other.zone is ct.zone:
            return other
        return other if other.zone.effective(nodes.side) == ct.zone.effective(nodes.side) else None

    def _resolve_clash(self, pkt: Packet, ct: Conn, winner: Conn) -> int:
        """Two packets of one flow raced, each opening it: unite them where the protocol can bear it."""
        if winner.l4.allow_clash:
            if _same_flow(ct, winner):
                return self._merge(pkt, ct, winner)
            holder = self._clash(ct, REPLY)
            if holder is None:
                ct.timeout = CLASH_TIMEOUT
                ct.status |= FIXED_TIMEOUT | NAT_CLASH
                self._enter(ct, pkt.now)
                self.table.insert_reply_only(ct)
                self.stat.clash_resolve += 1
                return ACCEPT
            if _same_flow(ct, holder):
                return self._merge(pkt, ct, holder)
        self.stat.drop += 1
        self.stat.insert_failed += 1
        return DROP

    def _merge(self, pkt: Packet, ct: Conn, winner: Conn) -> int:
        direction = int(pkt.ctinfo >= IP_CT_IS_REPLY)
        counters, lost = winner.ext_find(EXT_ACCT), ct.ext_find(EXT_ACCT)
        if counters is not None and lost is not None:
            counters.packets[direction] += 1
            counters.bytes[direction] += lost.bytes[direction]
        pkt.ct = winner
        self.net.free(ct)
        self.stat.clash_resolve += 1
        return ACCEPT


def _same_flow(loser: Conn, winner: Conn) -> bool:
    """Whether two flows are the same, or the same seen from the other end."""
    if loser.zone != winner.zone:
        return False
    mine, theirs = (loser.original, loser.reply), (winner.original, winner.reply)
    return mine in (theirs, theirs[::-1])
