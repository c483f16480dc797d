"""Confirm: what enters the table, what does not, and what becomes of two first packets of one flow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ctcore import Conn, CtInfo, ExtId, Packet, Result, Status, Verdict, Zone
from ctcore.common import CONFIRMED, FIXED_TIMEOUT, NAT_CLASH
from ctcore.sysctl import SECOND
from tests.toy import ETHERTYPE, RACE4, TOY4, Do, ToyNet, frame, names, packed


class Race(ToyNet):
    """``race(first, second)``: the second packet overtakes the first one between conntrack-in and confirm."""

    def race(self, first: bytes, second: bytes, meddle: Callable[[Conn], None] = lambda ct: None) -> Result:
        overtaken: list[Conn] = []

        def meanwhile(pkt: Packet) -> int:
            ct = pkt.ct
            assert ct is not None
            if not overtaken:
                overtaken.append(ct)
                other = Packet(self.net)
                other.buf, other.avail = second, len(second)
                self.net.receive(other, ETHERTYPE, pkt.now)
                meddle(ct)
            return 1

        self.hook(2, 0, meanwhile)
        self._events = []
        return self.feed(first, self.time, ETHERTYPE)


def test_confirmation_starts_the_clock_and_sets_the_bit() -> None:
    toy = ToyNet()
    at: list[tuple[int, int]] = []

    def look(pkt: Packet) -> int:
        assert pkt.ct is not None
        at.append((pkt.ct.status, pkt.ct.timeout))
        return 1

    toy.hook(2, 0, look)
    ct = toy.send().entry
    assert ct is not None
    assert at == [(0, 10 * SECOND)], "relative while unconfirmed"
    assert (ct.status, ct.timeout) == (CONFIRMED, toy.time + 10 * SECOND)


@pytest.mark.parametrize("ctinfo", [CtInfo.ESTABLISHED_REPLY, CtInfo.RELATED_REPLY])
def test_a_flow_attached_to_an_answer_is_not_inserted(toy: ToyNet, ctinfo: CtInfo) -> None:
    """As REJECT attaches the flow of the packet that it answers."""

    def answer(pkt: Packet) -> int:
        pkt.ctinfo = ctinfo
        return 1

    toy.hook(2, 0, answer)
    assert toy.send().verdict == Verdict.ACCEPT
    assert toy.net.table.count == len(toy.net.table) == 0


def test_a_flow_that_died_on_the_way_is_not_inserted(toy: ToyNet) -> None:
    def kill(pkt: Packet) -> int:
        assert pkt.ct is not None
        pkt.net.delete(pkt.ct)
        return 1

    toy.hook(2, 0, kill)
    assert toy.send().verdict == Verdict.DROP
    assert toy.counters() == {"insert_failed": 1}
    assert toy.net.table.count == 0
    assert toy.net.l4protos[TOY4].plugin.destroyed == [1], "freed once"


def test_a_packet_without_a_flow_passes(toy: ToyNet) -> None:
    assert toy.send(do=Do.INVALID).verdict == Verdict.ACCEPT


# Clashes.

RACING = frame(proto=RACE4)


def winner_of(toy: ToyNet) -> Conn:
    (winner,) = toy.net.table
    return winner


def test_a_protocol_that_cannot_bear_a_clash_loses_the_packet() -> None:
    toy = Race()
    result = toy.race(frame(), frame())
    assert result.verdict == Verdict.DROP
    assert toy.counters() == {"drop": 1, "insert_failed": 1}
    assert toy.net.table.count == len(toy.net.table) == 1


def test_equal_flows_are_merged() -> None:
    toy = Race(nf_conntrack_acct=1)
    result = toy.race(RACING, RACING + b"more")
    winner = winner_of(toy)
    assert (result.verdict, result.entry, result.ctinfo) == (Verdict.ACCEPT, winner, CtInfo.NEW)
    assert toy.counters() == {"clash_resolve": 1}
    assert toy.net.table.count == 1
    counters = winner.ext_find(ExtId.ACCT)
    assert (counters.packets, counters.bytes) == ([2, 0], [2 * len(RACING) + 4, 0])
    assert toy.net.l4protos[RACE4].plugin.destroyed == [1], "the loser"
    assert names(toy._events) == ["NEW"]


def test_mirrored_flows_are_merged() -> None:
    """Both ends began at once."""
    toy = Race()
    result = toy.race(RACING, frame(2, 1, 80, 1000, proto=RACE4))
    assert (result.verdict, result.entry) == (Verdict.ACCEPT, winner_of(toy))
    assert result.ctinfo == CtInfo.NEW, "the packet keeps its relation"
    assert toy.counters() == {"clash_resolve": 1}


def translate(ct: Conn) -> None:
    """What address translation does to the loser: another reply tuple."""
    ct.reply = packed(9, 1, 8080, 1000, RACE4)


def test_a_flow_with_another_answer_is_inserted_for_its_replies_alone() -> None:
    toy = Race()
    result = toy.race(RACING, RACING, translate)
    loser = result.entry
    assert loser is not None
    assert loser is not winner_of(toy)
    assert loser.status & (CONFIRMED | FIXED_TIMEOUT | NAT_CLASH) == CONFIRMED | FIXED_TIMEOUT | NAT_CLASH
    assert loser.remaining(toy.time) == SECOND
    assert toy.counters() == {"clash_resolve": 1}
    assert (toy.net.table.count, len(toy.net.table)) == (2, 1), "no dump shows it"
    reply = toy.send(9, 1, 8080, 1000, proto=RACE4)
    assert (reply.entry, reply.ctinfo) == (loser, CtInfo.ESTABLISHED_REPLY)
    toy.send(9, 1, 8080, 1000, proto=RACE4, after=0.5)
    assert loser.remaining(toy.time) == SECOND // 2, "nothing refreshes it"
    toy.sleep(0.5)
    assert (toy.net.table.count, loser.status & Status.DYING) == (1, Status.DYING)


def test_where_the_answers_place_is_taken_by_another_the_packet_is_lost() -> None:
    toy = Race()
    toy.send(1, 9, 1000, 8080, proto=RACE4)
    result = toy.race(RACING, RACING, translate)
    assert result.verdict == Verdict.DROP
    assert toy.counters() == {"drop": 1, "insert_failed": 1}
    assert toy.net.table.count == 2


def test_where_the_answers_place_is_taken_by_the_same_flow_they_are_merged() -> None:
    """The original tuple belongs to one flow, the reply tuple to another one that mirrors the loser."""
    toy = Race()
    toy.send(9, 1, 8080, 1000, proto=RACE4)
    holder = toy.flow(9, 1, 8080, 1000, proto=RACE4)
    assert holder is not None

    def mirror(ct: Conn) -> None:
        translate(ct)
        holder.reply = ct.original

    result = toy.race(RACING, RACING, mirror)
    assert result.entry is holder
    assert toy.counters() == {"clash_resolve": 1}


def test_equal_tuples_in_other_zones_do_not_clash() -> None:
    toy = Race()

    def zone(pkt: Packet) -> int:
        pkt.ct = toy.net.template(Zone(toy.net.tracker.serial))
        return 1

    toy.hook(0, -300, zone)
    assert toy.race(frame(), frame()).verdict == Verdict.ACCEPT
    assert len(toy.net.table) == 2
    assert toy.counters() == {}


def test_zones_that_differ_are_never_merged() -> None:
    """Equal tuples meet where both zones hold for the reply alone; the flows are not the same."""
    toy = Race()

    def zone(pkt: Packet) -> int:
        pkt.ct = toy.net.template(Zone(toy.net.tracker.serial + 1, 2))
        return 1

    toy.hook(0, -300, zone)
    result = toy.race(RACING, RACING)
    assert result.entry is not winner_of(toy)
    assert toy.counters() == {"clash_resolve": 1}
    assert (toy.net.table.count, len(toy.net.table)) == (2, 1)
