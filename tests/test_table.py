"""The table: counting, chains, and what happens when it is full."""

from __future__ import annotations

from collections import defaultdict

import pytest

from ctcore import Conn, Net, Packet, Registry, Verdict
from ctcore.common import ASSURED
from ctcore.table import MIN_CHAINLEN
from tests.toy import TOY4, Do, ToyNet, names, packed

MANY = 200


def fill(toy: ToyNet, flows: int, do: Do = Do.ACCEPT) -> None:
    for sport in range(flows):
        toy.send(sport=sport, do=do)


@pytest.mark.parametrize(("wanted", "got"), [(1, 512), (511, 512), (512, 512), (513, 1024), (262144, 262144)])
def test_buckets_are_rounded_up(wanted: int, got: int) -> None:
    net = Net(Registry())
    net.sysctl["nf_conntrack_buckets"] = wanted
    assert net.table.buckets == net.sysctl["nf_conntrack_buckets"] == got


def test_resizing_keeps_every_flow(toy: ToyNet) -> None:
    fill(toy, MANY)
    toy.net.sysctl["nf_conntrack_buckets"] = 1
    assert all(toy.send(sport=sport).entry is toy.flow(sport=sport) for sport in range(MANY))
    assert len(toy.net.table) == MANY


def test_a_flow_is_found_by_both_its_tuples_and_listed_once(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    assert toy.net.find(packed()) == (ct, 0)
    assert toy.net.find(packed(2, 1, 80, 1000)) == (ct, 1)
    assert list(toy.net.table) == [ct]
    assert len(toy.net.table) == toy.net.table.count == 1


def test_a_flow_to_itself_is_listed_and_its_packets_are_replies(toy: ToyNet) -> None:
    """One tuple in both directions: the reply's node is met first (kernel behaviour, see docs/differs.md)."""
    first = toy.send(1, 1, 7, 7)
    assert first.state == "new"
    assert list(toy.net.table) == [first.entry]
    assert (toy.send(1, 1, 7, 7).state, toy.counters()) == ("established", {})
    toy.sleep(11)
    assert toy.net.table.count == len(toy.net.table.nodes) == 0


def test_counted_from_its_making_on_listed_from_its_confirmation_on(toy: ToyNet) -> None:
    seen: list[tuple[int, int, int]] = []

    def look(pkt: Packet) -> int:
        table = pkt.net.table
        seen.append((table.count, len(table), len(table.unconfirmed)))
        return 1

    toy.hook(2, 0, look)
    toy.send()
    assert seen == [(1, 0, 1)]
    assert (toy.net.table.count, len(toy.net.table), len(toy.net.table.unconfirmed)) == (1, 1, 0)


@pytest.mark.parametrize("point", [0, 2, 4])
def test_a_flow_whose_first_packet_is_dropped_on_its_way_is_gone(toy: ToyNet, point: int) -> None:
    toy.hook(point, 10, lambda pkt: 0)
    assert toy.send().verdict == Verdict.DROP
    assert toy.net.table.count == 0
    assert not toy.net.table.unconfirmed
    assert toy.counters() == {}
    assert toy.net.l4protos[TOY4].plugin.destroyed == [1]


def test_a_packet_that_is_not_routed_opens_no_flow(toy: ToyNet) -> None:
    result = toy.send(flags=0x40)
    assert (result.verdict, result.reasons) == (Verdict.DROP, ["no route"])
    assert toy.net.table.count == 0


# A full table.


def test_full_and_nothing_to_spare_drops_the_packet(toy: ToyNet) -> None:
    toy.net.sysctl["nf_conntrack_max"] = 3
    fill(toy, 3, Do.ASSURE)
    result = toy.send(sport=9)
    assert (result.verdict, result.state, result.entry) == (Verdict.DROP, "none", None)
    assert result.reasons == ["nf_conntrack: table full, dropping packet"]
    assert toy.counters() == {"drop": 1}
    assert toy.net.table.count == 3
    assert toy.send(sport=1).state == "new", "packets of the flows that are there pass"


def test_maximum_0_is_no_maximum(toy: ToyNet) -> None:
    toy.net.sysctl["nf_conntrack_max"] = 0
    fill(toy, 50, Do.ASSURE)
    assert toy.net.table.count == 50


def buckets_of(toy: ToyNet) -> dict[int, set[Conn]]:
    found = defaultdict(set)
    for key, (ct, _) in toy.net.table.nodes.items():
        found[toy.net.table.bucket(key)].add(ct)
    return found


@pytest.mark.parametrize("newcomer", range(300, 312))
def test_early_drop_clears_the_first_bucket_of_eight_that_has_a_flow_to_spare(newcomer: int) -> None:
    toy = ToyNet(nf_conntrack_buckets=512, nf_conntrack_max=MANY)
    fill(toy, MANY)
    for ct in list(toy.net.table)[::3]:
        ct.status |= ASSURED
    chains = buckets_of(toy)
    first = toy.net.table.bucket(packed(sport=newcomer))
    expected: set[Conn] = set()
    for step in range(8):
        expected = {ct for ct in chains.get((first + step) % 512, ()) if not ct.status & ASSURED}
        if expected:
            break
    before = set(toy.net.table)
    result = toy.send(sport=newcomer)
    assert before - set(toy.net.table) == expected
    if expected:
        assert (result.state, names(result.events)) == ("new", ["DESTROY"] * len(expected) + ["NEW"])
        assert toy.counters() == {"early_drop": len(expected)}
    else:
        assert (result.state, toy.counters()) == ("none", {"drop": 1})


def test_early_drop_looks_at_eight_buckets_and_no_further() -> None:
    toy = ToyNet(nf_conntrack_buckets=512, nf_conntrack_max=1)
    toy.send(sport=0)
    chains = {toy.net.table.bucket(key) for key in toy.net.table.nodes}
    near = next(s for s in range(1, 9999) if (toy.net.table.bucket(packed(sport=s)) + 7) % 512 in chains)
    far = next(
        s
        for s in range(1, 9999)
        if all((toy.net.table.bucket(packed(sport=s)) + step) % 512 not in chains for step in range(8))
    )
    assert toy.send(sport=far).state == "none"
    assert toy.send(sport=near).state == "new"


def test_unconfirmed_flows_are_not_given_up(toy: ToyNet) -> None:
    toy.net.sysctl["nf_conntrack_max"] = 1
    inner: list[Verdict] = []

    def meanwhile(pkt: Packet) -> int:
        other = Packet(pkt.net)
        other.buf, other.avail = pkt.buf[:4] + b"\x09\x09" + pkt.buf[6:], len(pkt.buf)
        if not inner:
            inner.append(Verdict.ACCEPT)
            inner.append(Verdict(pkt.net.receive(other, 0x88B5, pkt.now)))
        return 1

    toy.hook(2, 0, meanwhile)
    assert toy.send().state == "new"
    assert inner[1] == Verdict.DROP


# The collector's early drop, after the table was full.


def full(maximum: int, do: Do, spare: int) -> ToyNet:
    """A table that is full of assured flows; ``spare`` of them may be given up, but not on the spot."""
    toy = ToyNet(nf_conntrack_max=maximum, nf_conntrack_toy_timeout=1000)
    fill(toy, maximum, Do.ASSURE)
    assert toy.send(sport=60000).state == "none"
    for sport in range(spare):
        toy.send(sport=sport, do=do)
    return toy


def test_the_collector_thins_a_full_table_to_95_hundredths() -> None:
    toy = full(200, Do.CLOSING, 150)
    assert toy.net.table.count == 200
    toy.sleep(60)
    assert toy.net.table.count == 2 * 95 - 1, "below the mark"
    assert toy.counters() == {"drop": 1}, "and early_drop does not count them"


def test_the_mark_is_of_whole_hundreds() -> None:
    toy = full(250, Do.CLOSING, 200)
    toy.sleep(60)
    assert toy.net.table.count == 2 * 95 - 1


def test_the_collector_spares_what_is_assured_and_not_closing() -> None:
    toy = full(200, Do.CLOSING, 4)
    toy.sleep(60)
    assert toy.net.table.count == 196


def test_below_a_maximum_of_100_the_collector_gives_up_nothing() -> None:
    toy = full(99, Do.CLOSING, 99)
    toy.sleep(60)
    assert toy.net.table.count == 99


def test_the_collector_gives_up_nothing_unless_the_table_was_full() -> None:
    toy = ToyNet(nf_conntrack_max=200, nf_conntrack_toy_timeout=1000)
    fill(toy, 200)
    toy.sleep(60)
    assert toy.net.table.count == 200


def test_the_collector_gives_up_flows_that_are_not_assured() -> None:
    toy = full(200, Do.ASSURE, 0)
    for ct in list(toy.net.table)[:50]:
        ct.status &= ~ASSURED
    toy.sleep(60)
    assert toy.net.table.count == 189


# Chains.


def test_a_chain_that_is_too_long_takes_no_more() -> None:
    """One bucket in 512, everything else empty: between 50 and 80 nodes the chain is full."""
    toy = ToyNet(nf_conntrack_buckets=512, nf_conntrack_max=0)
    table = toy.net.table
    state, sport, flows = "new", 0, 0
    # Enough flows elsewhere that chains are looked at, all in buckets other than the crowded one.
    while len(table.nodes) <= 512 * 4:
        sport += 1
        keys = (packed(3, 4, sport, 80), packed(4, 3, 80, sport))
        if all(table.bucket(key) != 0 for key in keys):
            toy.send(3, 4, sport, 80)
    crowd = (s for s in range(65536) if table.bucket(packed(5, 6, s, 80)) == 0)
    while state == "new":
        result = toy.send(5, 6, next(crowd), 80)
        state, flows = result.state, flows + 1
        if result.verdict == Verdict.DROP:
            break
    assert MIN_CHAINLEN < flows <= MIN_CHAINLEN + 31
    assert toy.counters() == {"chaintoolong": 1, "insert_failed": 1}


def test_a_table_with_room_never_refuses() -> None:
    toy = ToyNet(nf_conntrack_buckets=512, nf_conntrack_max=0)
    fill(toy, 1000)
    assert toy.counters() == {}


# Deletion.


def test_deleting_twice_does_nothing_more(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    assert toy.net.delete(ct) is True
    assert toy.net.delete(ct) is False
    assert toy.net.table.count == 0
    assert names(toy._events) == ["NEW", "DESTROY"]


def test_what_is_over_is_never_met(toy: ToyNet) -> None:
    old = toy.send().entry
    result = toy.send(after=10)
    assert (names(result.events), result.state) == (["DESTROY", "NEW"], "new")
    assert result.entry is not old


def test_a_moment_before_it_is_met(toy: ToyNet) -> None:
    old = toy.send().entry
    assert toy.send(after=9.999_999_999).entry is old


@pytest.mark.plain
def test_the_last_entry_of_a_chain_leaves_nothing_behind() -> None:
    toy = ToyNet(nf_conntrack_max=1)
    toy.send(sport=1)
    toy.send(1, 1, 7, 7)
    for sport in range(2, 50):
        toy.send(sport=sport, after=10)
    toy.send(sport=99)
    toy.net.flush()
    assert toy.net.table.nodes == {}
    assert not any((toy.net.table._chains or {}).values())
