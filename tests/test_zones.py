"""Zones: equal tuples kept apart, in one direction or both, by number or by mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Packet, Zone
from ctcore.zones import ZONE_DFLT, ZONE_DIR_ORIG, ZONE_DIR_REPL
from tests.toy import ToyNet, packed

BOTH = ZONE_DIR_ORIG | ZONE_DIR_REPL


@pytest.mark.parametrize(
    ("zone", "original", "reply"),
    [(Zone(), 0, 0), (Zone(7), 7, 7), (Zone(7, ZONE_DIR_ORIG), 7, 0), (Zone(7, ZONE_DIR_REPL), 0, 7)],
)
def test_effective_id(zone: Zone, original: int, reply: int) -> None:
    assert (zone.effective(0), zone.effective(1)) == (original, reply)


@pytest.mark.parametrize(
    # the zone of the first flow's packets, that of a later packet, its direction, and what the later packet is
    ("first", "later", "reply", "state"),
    [
        (ZONE_DFLT, ZONE_DFLT, False, "new"),
        (Zone(7), Zone(7), True, "established"),
        (Zone(7), None, True, "new"),
        (Zone(7), None, False, "new"),
        (Zone(7), Zone(8), False, "new"),
        (Zone(7), Zone(8), True, "new"),
        (Zone(8, ZONE_DIR_ORIG), None, True, "established"),
        (Zone(8, ZONE_DIR_ORIG), None, False, "new"),
        (Zone(8, ZONE_DIR_ORIG), Zone(9, ZONE_DIR_ORIG), True, "established"),
        (Zone(8, ZONE_DIR_ORIG), Zone(8), True, "new"),
        (Zone(8, ZONE_DIR_REPL), Zone(8), True, "established"),
        (Zone(8, ZONE_DIR_REPL), Zone(8, ZONE_DIR_REPL), True, "established"),
        (Zone(8, ZONE_DIR_REPL), None, True, "new"),
        (Zone(8, ZONE_DIR_REPL), None, False, "same"),
        (None, Zone(7), False, "new"),
        (None, Zone(7), True, "new"),
        (None, Zone(7, ZONE_DIR_ORIG), True, "established"),
        (None, Zone(7, ZONE_DIR_REPL), False, "same"),
    ],
)
def test_who_meets_whom(toy: ToyNet, first: Zone | None, later: Zone | None, reply: bool, state: str) -> None:
    toy.attach(None if first is None else toy.net.template(first))
    flow = toy.send().entry
    toy.attach(None if later is None else toy.net.template(later))
    result = toy.reply() if reply else toy.send()
    if first == later or state in ("established", "same"):
        assert result.entry is flow
    else:
        assert result.entry is not flow
    assert result.state == ("new" if state == "same" else state)


def test_one_tuple_in_many_zones(toy: ToyNet) -> None:
    flows = []
    for number in range(20):
        toy.attach(toy.net.template(Zone(number)))
        flows.append(toy.send().entry)
    assert len(set(flows)) == len(toy.net.table) == 20
    for number, flow in enumerate(flows):
        toy.attach(toy.net.template(Zone(number)))
        assert toy.reply().entry is flow
        assert toy.net.find(packed(), Zone(number)) == (flow, 0)


@pytest.mark.parametrize(("mark", "number"), [(0, 0), (7, 7), (65535, 65535), (65536, 0), (65543, 7)])
def test_the_zone_may_come_from_the_packets_mark(toy: ToyNet, mark: int, number: int) -> None:
    tmpl = toy.net.template(Zone(0, BOTH, from_mark=True))
    toy.attach(tmpl)

    def marked(pkt: Packet) -> int:
        pkt.mark = mark
        return 1

    toy.hook(0, -350, marked)
    ct = toy.send().entry
    assert ct is not None
    assert ct.zone == Zone(number)
    assert toy.send().entry is ct


def test_a_packet_finds_its_flow_in_its_own_zone_alone(toy: ToyNet) -> None:
    toy.attach(toy.net.template(Zone(5, ZONE_DIR_ORIG)))
    flow = toy.send().entry
    assert toy.net.find(packed(), Zone(5)) == (flow, 0)
    assert toy.net.find(packed()) is None
    assert toy.net.find(packed(2, 1, 80, 1000)) == (flow, 1)
    assert toy.net.find(packed(2, 1, 80, 1000), Zone(5)) is None
    assert toy.net.original_dst(packed(2, 1, 80, 1000)) is not None


@given(st.binary(min_size=8, max_size=40), st.integers(0, 65535), st.integers(0, 1), st.sampled_from([1, 2, 3]))
def test_keys_differ_by_zone(tuple_: bytes, number: int, direction: int, directions: int) -> None:
    zone = Zone(number, directions)
    key = zone.key(tuple_, direction)
    assert key.startswith(tuple_)
    assert (key == tuple_) is (zone.effective(direction) == 0)
    assert zone.key(tuple_, direction) == Zone(zone.effective(direction)).key(tuple_, 0)
