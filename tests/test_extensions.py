"""Extension types: the core's own, and those that third parties register."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Conn, ExtId, PluginError, Registry, extension
from ctcore.extensions.acct import Acct
from ctcore.extensions.seqadj import HALF, U32, SeqAdj
from ctcore.extensions.timeout import TimeoutPolicy
from ctcore.sysctl import SECOND
from tests.toy import START, Do, ToyNet, frame

SIZE = len(frame())


class Colour:
    """A third party's: a colour for every flow; it counts the calls."""

    name = "colour"

    def __init__(self) -> None:
        self.log: list[tuple[str, int, Any]] = []

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> list[str] | None:
        self.log.append(("create", ct.id, tmpl is not None))
        return ["red"]

    @extension
    def move(self, ct: Conn, data: list[str]) -> None:
        self.log.append(("move", ct.id, data))

    @extension
    def destroy(self, ct: Conn, data: list[str]) -> None:
        self.log.append(("destroy", ct.id, data))


def colour_of(toy: ToyNet) -> tuple[Colour, int]:
    slot = next(slot for slot in toy.net.ext_types if slot.name == "colour")
    return slot.plugin, slot.id


def test_a_third_partys_type_is_on_every_flow() -> None:
    toy = ToyNet(("extension", Colour))
    colour, place = colour_of(toy)
    assert place == len(ExtId), "after the kernel's own"
    flows = [toy.send(sport=sport).entry for sport in range(3)]
    assert [ct.ext_find(place) for ct in flows if ct] == [["red"]] * 3
    toy.attach(toy.net.template())
    toy.send(sport=9)
    toy.sleep(10)
    assert [what for what, _, _ in colour.log] == ["create"] * 4 + ["destroy"] * 4
    assert [with_template for what, _, with_template in colour.log if what == "create"] == [False] * 3 + [True]


@pytest.mark.parametrize("do", [Do.INVALID, Do.ERROR, Do.NOT_NEW])
def test_a_flow_that_came_to_nothing_is_destroyed_too(do: Do) -> None:
    toy = ToyNet(("extension", Colour))
    toy.send(do=do)
    assert [what for what, _, _ in colour_of(toy)[0].log] == ["create", "destroy"]


def test_nothing_is_kept_where_create_answers_none() -> None:
    class Never(Colour):
        name = "never"

        @extension
        def create(self, ct: Conn) -> None:  # type: ignore[override]
            return None

    toy = ToyNet(("extension", Never))
    ct = toy.send().entry
    assert ct is not None
    assert ct.ext_find(len(ExtId)) is None
    toy.sleep(10)
    (plugin,) = (slot.plugin for slot in toy.net.ext_types if slot.name == "never")
    assert plugin.log == []


def test_a_type_with_a_switch_is_asked_while_it_is_on() -> None:
    class Counted(Colour):
        name, switch = "counted", "acct"

    toy = ToyNet(("extension", Counted))
    toy.send(1, 2)
    toy.net.sysctl["nf_conntrack_acct"] = 1
    toy.send(3, 4)
    (plugin,) = (slot.plugin for slot in toy.net.ext_types if slot.name == "counted")
    assert [what for what, _, _ in plugin.log] == ["create"]


def test_a_switch_that_no_namespace_has_is_refused() -> None:
    class Lost(Colour):
        name, switch = "lost", "weather"

    problem = Registry().add("extension", Lost).problem
    assert problem == "its switch must be one of acct, events, labels_used, timestamp, not 'weather'"


def test_two_third_party_types_have_places_of_their_own() -> None:
    class Other(Colour):
        name = "other"

    toy = ToyNet(("extension", Colour), ("extension", Other))
    assert [slot.id for slot in toy.net.ext_types][-2:] == [len(ExtId), len(ExtId) + 1]


def test_only_the_core_may_take_a_place_of_the_kernels() -> None:
    class Thief(Colour):
        name, id = "thief", ExtId.ACCT

    toy = ToyNet(("extension", Thief))
    assert toy.net.ext_types[-1].id == len(ExtId)


def test_a_type_that_comes_late_makes_the_block_larger_and_tells_the_others() -> None:
    """A flow is on its way while another type is registered: its block has no place for it yet."""
    toy = ToyNet(("extension", Colour))
    colour, place = colour_of(toy)

    def late(pkt: Any) -> int:
        toy.net.ext_size += 1
        pkt.ct.ext_add(toy.net.ext_size - 1, "late")
        return 1

    toy.hook(2, 0, late)
    ct = toy.send().entry
    assert ct is not None
    assert (ct.ext_find(place), ct.ext_find(place + 1)) == (["red"], "late")
    assert colour.log[1:] == [("move", ct.id, ["red"])]


def test_an_older_flow_has_nothing_of_a_later_type(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    toy.net.ext_size += 1
    assert ct.ext_find(toy.net.ext_size - 1) is None


def test_nothing_can_be_added_to_a_confirmed_flow(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    with pytest.raises(ValueError, match="only be added while the flow is unconfirmed"):
        ct.ext_add(ExtId.LABELS, object())


def test_a_flow_without_any_has_no_block() -> None:
    toy = ToyNet(listen=False)
    ct = toy.send().entry
    assert ct is not None
    assert ct.ext is None


def test_the_names_of_the_kernels_types_cannot_be_taken() -> None:
    made = Registry(strict=True)
    made.add("extension", Acct)
    with pytest.raises(PluginError, match="the name acct is taken already"):
        made.add("extension", Acct)


# acct


def test_accounting_counts_packets_and_network_layer_bytes_by_direction() -> None:
    toy = ToyNet(nf_conntrack_acct=1)
    ct = toy.send().entry
    assert ct is not None
    counters = ct.ext_find(ExtId.ACCT)
    toy.send(more=b"12345")
    toy.reply(more=b"123")
    assert (counters.packets, counters.bytes) == ([2, 1], [2 * SIZE + 5, SIZE + 3])
    toy.send(do=Do.IGNORE)
    toy.send(do=Do.INVALID)
    assert counters.packets == [2, 1], "neither what was ignored nor what was refused"


def test_accounting_is_for_new_flows(toy: ToyNet) -> None:
    old = toy.send(sport=1).entry
    toy.net.sysctl["nf_conntrack_acct"] = 1
    toy.send(sport=1)
    new = toy.send(sport=2).entry
    toy.net.sysctl["nf_conntrack_acct"] = 0
    toy.send(sport=2)
    assert old is not None
    assert new is not None
    assert old.ext_find(ExtId.ACCT) is None
    assert new.ext_find(ExtId.ACCT).packets == [2, 0]


# tstamp


def test_timestamps_are_of_confirmation_and_of_the_end() -> None:
    toy = ToyNet(nf_conntrack_timestamp=1)
    ct = toy.send().entry
    assert ct is not None
    times = ct.ext_find(ExtId.TSTAMP)
    assert (times.start, times.stop) == (START, 0)
    toy.send(after=2)
    toy.sleep(3)
    assert times.stop == 0
    toy.net.delete(ct)
    assert times.stop == START + 5 * SECOND


def test_the_stop_of_a_flow_that_expired_is_its_timeout_however_late_it_is_noticed() -> None:
    toy = ToyNet(nf_conntrack_timestamp=1)
    ct = toy.send().entry
    assert ct is not None
    toy.sleep(5000)
    assert ct.ext_find(ExtId.TSTAMP).stop == START + 10 * SECOND


def test_timestamps_are_off_by_default(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    assert ct.ext_find(ExtId.TSTAMP) is None


# labels, timeout, seqadj, nat


def test_labels_are_there_where_a_ruleset_uses_them(toy: ToyNet) -> None:
    plain = toy.send(sport=1).entry
    toy.net.labels_used = True
    ct = toy.send(sport=2).entry
    assert plain is not None
    assert ct is not None
    assert plain.ext_find(ExtId.LABELS) is None
    assert ct.ext_find(ExtId.LABELS).bits == 0


def test_a_timeout_policy_stands_in_for_the_namespaces(toy: ToyNet) -> None:
    tmpl = toy.net.template()
    tmpl.ext_add(ExtId.TIMEOUT, TimeoutPolicy("long", [77 * SECOND]))
    toy.attach(tmpl)
    ct = toy.send().entry
    generic = toy.send(proto=77).entry
    toy.attach(None)
    toy.send(after=1)
    assert ct is not None
    assert generic is not None
    assert ct.remaining(toy.time) == 77 * SECOND
    assert generic.remaining(toy.time) == 76 * SECOND


def test_nothing_of_seqadj_and_nat_until_somebody_attaches_it(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    assert [ct.ext_find(kind) for kind in (ExtId.SEQADJ, ExtId.NAT, ExtId.HELPER)] == [None] * 3


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(-5, 5)), min_size=1, max_size=8), st.integers(0, U32))
def test_sequence_adjustment_knows_the_last_two_shifts(changes: list[tuple[int, int]], start: int) -> None:
    adj, seq, total = SeqAdj(), start, 0
    for step, shift in changes:
        seq = (seq + step) & U32
        adj.record(seq, shift)
        total += shift
    assert adj.offset_after == total
    assert adj.offset((adj.correction_pos + 1) & U32) == total
    assert adj.offset(adj.correction_pos) == adj.offset_before
    assert adj.offset((adj.correction_pos + HALF) & U32) == adj.offset_before


def test_a_change_before_the_last_one_is_not_recorded() -> None:
    adj = SeqAdj()
    adj.record(100, 3)
    adj.record(50, 9)
    assert (adj.correction_pos, adj.offset_before, adj.offset_after) == (100, 0, 3)


def test_the_places_are_the_kernels() -> None:
    assert [ext.name for ext in ExtId] == ["HELPER", "NAT", "SEQADJ", "ACCT", "ECACHE", "TSTAMP", "TIMEOUT", "LABELS"]
