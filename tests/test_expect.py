"""Expectations: announced, found, replaced, refused, expired; and the helpers that announce them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ctcore import (
    Conn,
    CtInfo,
    Expectation,
    ExpectFlag,
    ExpectPolicy,
    ExtId,
    Packet,
    Result,
    Status,
    Tuple,
    Verdict,
    Zone,
    helper,
)
from ctcore.expect import ExpectError
from ctcore.helper import attach
from ctcore.sysctl import SECOND
from tests.toy import TOY3, TOY4, Do, ToyNet, names, packed

ALL, ANY = b"\xff", b"\0"


class Announcer:
    """A helper; ``answer`` is its verdict, ``log`` what it was called with."""

    name, l3num, l4num, port = "announcer", 0, TOY4, 21
    policies = (ExpectPolicy(2, 30, "data"), ExpectPolicy(0, 60, "unlimited"))

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.answer = int(Verdict.ACCEPT)

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        self.log.append((ct.id, ctinfo, pkt.buf[protoff:]))
        return self.answer

    @helper
    def destroy(self, ct: Conn) -> None:
        self.log.append(("destroy", ct.id))


class Other(Announcer):
    name = "other"


class Masters(ToyNet):
    """A namespace whose flows to port 21 have the helper."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(("helper", Announcer), ("helper", Other), **kwargs)
        slot = self.net.helpers.find("announcer", TOY3, TOY4)
        assert slot is not None
        self.slot = slot
        self.helper: Announcer = slot.plugin
        tmpl = self.net.template()
        attach(tmpl, slot)
        self.tmpl: Conn | None = tmpl
        self.heard: list[tuple[str, int]] = []
        self.net.notifier.expect_listeners.append(lambda kind, exp: self.heard.append((kind.name, exp.tuple.dst[0])))

    def master(self, sport: int = 1000) -> Conn:
        self.attach(self.tmpl)
        ct = self.send(sport=sport, dport=21).entry
        self.attach(None)
        assert ct is not None
        self.helper.log.clear()
        return ct

    def expect(self, master: Conn, dst: int = 2, dport: int = 5000, src: int | None = 1, **kwargs: Any) -> Expectation:
        """Announce a flow from ``src`` (None: from anybody) with any source port."""
        flags = kwargs.pop("flags", 0)
        self.time += kwargs.pop("after", 0) * SECOND
        exp = announced(master, dst, dport, src, **kwargs)
        exp.flags = flags
        self.net.expectations.insert(exp, self.time)
        return exp


def announced(master: Conn, dst: int = 2, dport: int = 5000, src: int | None = 1, class_: int = 0) -> Expectation:
    tuple_ = Tuple(bytes([src or 0]), bytes([dst]), bytes(2), dport.to_bytes(2, "big"), TOY3, TOY4)
    return Expectation(master, tuple_, ANY if src is None else ALL, bytes(2), class_)


@pytest.fixture
def toy() -> Iterator[Masters]:
    made = Masters()
    yield made
    made.net.exit()
    assert made.net.table.count == 0
    assert made.net.expectations.count == 0


def comes(toy: Masters, sport: int = 1234, dport: int = 5000, **kwargs: Any) -> Result:
    """The flow that was announced."""
    return toy.send(sport=sport, dport=dport, **kwargs)


def test_an_announced_flow_is_related_and_a_child(toy: Masters) -> None:
    master = toy.master()
    master.mark, master.secmark = 7, 8
    toy.expect(master)
    result = comes(toy)
    child = result.entry
    assert child is not None
    assert (result.ctinfo, child.master, child.mark, child.secmark) == (CtInfo.RELATED, master, 7, 8)
    assert child.status & Status.EXPECTED
    assert master.children == 1
    assert names(result.events) == ["EXP_DESTROY", "NEW"]
    assert [event["master"]["dport"] for event in result.events] == [21, 21]
    assert child.ext_find(ExtId.HELPER) is None
    assert comes(toy).ctinfo == CtInfo.RELATED, "until a reply is seen"
    assert toy.reply(sport=1234, dport=5000).ctinfo == CtInfo.ESTABLISHED_REPLY
    assert comes(toy).ctinfo == CtInfo.ESTABLISHED
    assert toy.counters() == {"expect_create": 1, "expect_new": 1, "expect_delete": 1}


def test_an_announcement_is_told_with_what_is_expected(toy: Masters) -> None:
    exp = toy.expect(toy.master(), dst=9, flags=ExpectFlag.PERMANENT)
    new = toy._events[-1]
    assert (new["type"], new["timeout"], new["flags"], new["class"]) == ("EXP_NEW", 30, ["PERMANENT"], 0)
    assert (new["mask"]["src"], new["mask"]["sport"], new["helper"]) == ("toy:255", 0, "announcer")
    assert new["expected"] == {"src": "toy:1", "dst": "toy:9", "sport": 0, "dport": 5000}
    toy.time += 2 * SECOND
    toy.net.now = toy.time
    toy.net.expectations.remove(exp)
    assert (toy._events[-1]["type"], toy._events[-1]["timeout"]) == ("EXP_DESTROY", 28)


def test_one_announcement_is_for_one_flow(toy: Masters) -> None:
    toy.expect(toy.master())
    assert comes(toy, 1).ctinfo == CtInfo.RELATED
    assert comes(toy, 2).ctinfo == CtInfo.NEW
    assert toy.net.expectations.count == 0


def test_a_permanent_one_is_for_many(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master, flags=ExpectFlag.PERMANENT)
    assert [comes(toy, sport).ctinfo for sport in (1, 2, 3)] == [CtInfo.RELATED] * 3
    assert toy.net.expectations.count == 1
    assert master.children == 3


def test_an_inactive_one_is_for_none(toy: Masters) -> None:
    toy.expect(toy.master(), flags=ExpectFlag.INACTIVE)
    assert comes(toy).ctinfo == CtInfo.NEW


@pytest.mark.parametrize(
    ("who", "state"),
    [
        ({}, "related"),
        ({"sport": 9}, "related"),
        ({"src": 3}, "new"),
        ({"dst": 3}, "new"),
        ({"dport": 5001}, "new"),
        ({"proto": 77}, "new"),
    ],
)
def test_the_destination_counts_in_full_the_source_under_its_mask(
    toy: Masters, who: dict[str, int], state: str
) -> None:
    toy.expect(toy.master())
    assert toy.send(**{"sport": 1234, "dport": 5000, **who}).state == state


def test_an_announcement_may_be_for_anybody(toy: Masters) -> None:
    toy.expect(toy.master(), src=None)
    assert comes(toy, src=77).state == "related"


def test_a_packet_that_is_refused_has_consumed_it_all_the_same(toy: Masters) -> None:
    toy.expect(toy.master())
    assert comes(toy, do=Do.ERROR).state == "invalid"
    assert comes(toy).state == "new"
    assert toy.net.expectations.count == 0


def test_the_latest_is_found_first_but_the_masks_must_not_overlap_when_they_are_made(toy: Masters) -> None:
    """Two that match one packet can only be there where an inserted one was changed afterwards."""
    first, second = toy.master(1), toy.master(2)
    toy.expect(first, src=1)
    toy.expect(second, src=3).mask_src = ANY
    next(exp for exp in toy.net.expectations if exp.master is second).tuple = announced(second, src=None).tuple
    child = comes(toy).entry
    assert child is not None
    assert child.master is second


def test_the_child_is_given_the_helper_that_the_announcement_names(toy: Masters) -> None:
    exp = announced(toy.master())
    exp.helper = toy.slot
    toy.net.expectations.insert(exp, toy.time)
    result = comes(toy)
    child = result.entry
    assert child is not None
    assert child.ext_find(ExtId.HELPER).helper is toy.slot
    assert not child.status & Status.HELPER, "the bit is for what a ruleset assigned"
    assert [call[:2] for call in toy.helper.log] == [(child.id, CtInfo.RELATED)]


def test_the_announcers_callback_is_run_before_the_tracker(toy: Masters) -> None:
    seen: list[Any] = []
    exp = announced(toy.master())
    exp.expectfn = lambda ct, found: seen.append((ct.master is found.master, found is exp, ct.proto))
    toy.net.expectations.insert(exp, toy.time)
    comes(toy, do=Do.CHANGE)
    assert seen == [(True, True, None)]


def test_an_expectation_goes_before_the_template(toy: Masters) -> None:
    toy.expect(toy.master())
    toy.attach(toy.tmpl)
    child = comes(toy).entry
    assert child is not None
    assert child.ext_find(ExtId.HELPER) is None
    assert not child.status & Status.HELPER


# Insertion.


def test_a_master_needs_a_helper(toy: Masters) -> None:
    plain = toy.send().entry
    assert plain is not None
    with pytest.raises(ExpectError, match="ESHUTDOWN"):
        toy.expect(plain)
    assert toy.net.expectations.of(plain) == []


def test_the_same_again_replaces_and_starts_the_clock_anew(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master)
    toy.sleep(9)
    toy.send(sport=1000, dport=21)
    exp = toy.expect(master)
    assert toy.net.expectations.of(master) == [exp]
    assert exp.expires == toy.time + 30 * SECOND
    assert toy.heard == [("NEW", 2), ("DESTROY", 2), ("NEW", 2)]


def test_the_same_of_another_class_is_ealready(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master)
    with pytest.raises(ExpectError, match="EALREADY"):
        toy.expect(master, class_=1)


def test_the_same_of_another_master_is_ebusy_or_with_skip_master_ealready(toy: Masters) -> None:
    toy.expect(toy.master(1))
    other = toy.master(2)
    with pytest.raises(ExpectError, match="EBUSY"):
        toy.expect(other)
    with pytest.raises(ExpectError, match="EALREADY"):
        toy.net.expectations.insert(announced(other), toy.time, skip_master=True)
    assert toy.net.expectations.count == 1


@pytest.mark.parametrize(("src", "clash"), [(1, True), (None, True), (3, False)])
def test_masks_that_overlap_clash(toy: Masters, src: int | None, clash: bool) -> None:
    """Two announcements clash where one packet could fulfil both, by what both masks look at."""
    toy.expect(toy.master(1), src=1)
    other = toy.master(2)
    if clash:
        with pytest.raises(ExpectError, match="EBUSY"):
            toy.expect(other, src=src)
    else:
        toy.expect(other, src=src)
    assert toy.net.expectations.count == 2 - clash


def test_zones_keep_announcements_apart(toy: Masters) -> None:
    toy.expect(toy.master(1))
    assert toy.tmpl is not None
    toy.tmpl.zone = Zone(5)
    zoned = toy.master(2)
    toy.expect(zoned)
    assert toy.net.expectations.count == 2
    toy.attach(toy.net.template(Zone(5)))
    child = comes(toy).entry
    assert child is not None
    assert child.master is zoned
    toy.attach(toy.net.template(Zone(6)))
    assert comes(toy).state == "new"


def test_a_full_class_loses_its_oldest(toy: Masters) -> None:
    master = toy.master()
    first, second, third = (toy.expect(master, dport=port) for port in (1, 2, 3))
    assert toy.net.expectations.of(master) == [third, second]
    assert toy.heard[-2:] == [("DESTROY", 2), ("NEW", 2)]
    unlimited = [toy.expect(master, dport=port, class_=1) for port in range(10, 30)]
    assert toy.net.expectations.of(master) == [*unlimited[::-1], third, second]
    assert first not in set(toy.net.expectations)


def test_classes_are_counted_for_each_master(toy: Masters) -> None:
    one, two = toy.master(1), toy.master(2)
    for port in (1, 2):
        toy.expect(one, dport=port)
        toy.expect(two, dport=port + 10)
    assert toy.net.expectations.count == 4


def test_the_namespace_has_a_maximum(toy: Masters) -> None:
    toy.net.sysctl["nf_conntrack_expect_max"] = 3
    master = toy.master()
    for port in (1, 2, 3):
        toy.expect(master, dport=port, class_=1)
    with pytest.raises(ExpectError, match="EMFILE"):
        toy.expect(master, dport=4, class_=1)
    assert toy.net.expectations.count == 3


# The end.


@pytest.mark.parametrize(("after", "state"), [(29.999_999_999, "related"), (30, "new"), (31, "new")])
def test_an_announcement_expires_exactly(toy: Masters, after: float, state: str) -> None:
    toy.net.sysctl["nf_conntrack_toy_timeout"] = 100
    toy.expect(toy.master())
    assert comes(toy, after=after).state == state
    assert toy.net.expectations.count == 0


def test_the_timeout_is_the_classes_whatever_the_helper_had_set(toy: Masters) -> None:
    exp = announced(toy.master(), class_=1)
    exp.expires = 5
    toy.net.expectations.insert(exp, toy.time)
    assert exp.expires == toy.time + 60 * SECOND


def test_they_expire_in_their_order(toy: Masters) -> None:
    toy.net.sysctl["nf_conntrack_toy_timeout"] = 1000
    master = toy.master()
    toy.expect(master, dst=5, class_=1)
    toy.expect(master, dst=6, after=1)
    toy.expect(master, dst=7, class_=1, after=1)
    toy.sleep(100)
    assert [dst for _, dst in toy.heard[3:]] == [6, 5, 7]
    assert toy.counters() == {"expect_create": 3, "expect_delete": 3}


def test_with_its_master_an_announcement_dies(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master, dst=5)
    toy.expect(master, dst=6)
    toy.net.delete(master)
    assert toy.net.expectations.count == 0
    assert sorted(toy.heard[2:]) == [("DESTROY", 5), ("DESTROY", 6)]


def test_a_master_waits_for_its_children_unseen_but_counted(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master)
    child = comes(toy, after=5).entry
    assert child is not None
    toy.send(sport=1234, dport=5000, after=6)
    assert master.status & Status.DYING
    assert list(toy.net.table) == [child]
    assert (toy.net.table.count, toy.net.table.dying) == (2, {master})
    assert child.master is master
    toy.sleep(11)
    assert (toy.net.table.count, toy.net.table.dying) == (0, set())
    assert toy.net.l4protos[TOY4].plugin.destroyed == [child.id, master.id]


def test_a_childs_end_is_not_its_masters(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master)
    child = comes(toy).entry
    assert child is not None
    toy.net.delete(child)
    assert (master.children, toy.net.table.count, list(toy.net.table)) == (0, 1, [master])


def test_a_refused_child_lets_its_master_go(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master)
    comes(toy, do=Do.INVALID)
    assert master.children == 0
    toy.net.delete(master)
    assert toy.net.table.count == 0


@pytest.mark.parametrize("bit", [Status.CONFIRMED, Status.DYING])
def test_a_master_that_is_not_confirmed_or_is_dying_has_no_children(toy: Masters, bit: Status) -> None:
    master = toy.master()
    toy.expect(master)
    master.status ^= bit
    assert comes(toy).state == "new"
    assert toy.net.expectations.count == 1
    master.status ^= bit


# Helpers.


def test_a_helper_is_found_by_name_family_and_protocol(toy: Masters) -> None:
    find = toy.net.helpers.find
    assert find("announcer", TOY3, TOY4) is toy.slot
    assert find("announcer", 99, TOY4) is toy.slot, "family 0 is any"
    assert find("announcer", TOY3, 6) is None
    assert find("nobody", TOY3, TOY4) is None


def test_a_flow_has_a_helper_only_where_it_was_given_one(toy: Masters) -> None:
    toy.send(sport=1000, dport=21)
    assert toy.helper.log == [], "whatever the port"


def test_a_template_gives_its_helper_and_says_so(toy: Masters) -> None:
    toy.attach(toy.tmpl)
    result = toy.send()
    ct = result.entry
    assert ct is not None
    assert ct.ext_find(ExtId.HELPER).helper is toy.slot
    assert ct.status & Status.HELPER
    assert result.events[0]["helper"] == "announcer"
    assert toy.tmpl is not None
    assert ct.ext_find(ExtId.HELPER) is not toy.tmpl.ext_find(ExtId.HELPER)


def test_the_helper_sees_every_packet_at_confirm(toy: Masters) -> None:
    master = toy.master()
    toy.send(sport=1000, dport=21, more=b"hi")
    toy.reply(sport=1000, dport=21)
    toy.send(sport=1000, dport=21, do=Do.INVALID)
    calls = [(number, ctinfo, data[5:]) for number, ctinfo, data in toy.helper.log]
    assert calls == [(master.id, CtInfo.NEW, b"hi"), (master.id, CtInfo.ESTABLISHED_REPLY, b"")]


@pytest.mark.parametrize(("ctinfo", "calls"), [(CtInfo.RELATED, 1), (CtInfo.RELATED_REPLY, 0)])
def test_the_helper_sees_related_packets_of_the_original_direction_alone(
    toy: Masters, ctinfo: CtInfo, calls: int
) -> None:
    master = toy.master()

    def relate(pkt: Packet) -> int:
        pkt.ct, pkt.ctinfo = master, ctinfo
        return 1

    toy.hook(0, -300, relate)
    toy.send(sport=3)
    assert len(toy.helper.log) == calls


def test_a_helper_may_drop_and_then_a_new_flow_is_never_confirmed(toy: Masters) -> None:
    toy.helper.answer = Verdict.DROP
    toy.attach(toy.tmpl)
    result = toy.send()
    assert (result.verdict, result.entry, result.events) == (Verdict.DROP, None, [])
    assert toy.net.table.count == 0
    assert toy.counters() == {}


def test_a_helper_that_drops_a_later_packet_keeps_its_events_back(toy: Masters) -> None:
    toy.master()
    toy.helper.answer = Verdict.DROP
    result = toy.reply(sport=1000, dport=21)
    assert (result.verdict, result.events) == (Verdict.DROP, [])
    toy.helper.answer = Verdict.ACCEPT
    assert names(toy.send(sport=1000, dport=21).events) == ["UPDATE"]


def test_a_helper_is_told_of_the_end(toy: Masters) -> None:
    master = toy.master()
    toy.sleep(10)
    assert toy.helper.log == [("destroy", master.id)]


def test_a_helper_announces_from_its_callback() -> None:
    class Talker(Announcer):
        name = "talker"

        @helper
        def help(self, pkt: Packet, protoff: int, ct: Conn) -> int:  # type: ignore[override]
            if pkt.buf[protoff + 5 :] == b"PORT":
                pkt.net.expectations.insert(announced(ct), pkt.now)
            return Verdict.ACCEPT

    toy = ToyNet(("helper", Talker))
    slot = toy.net.helpers.find("talker", TOY3, TOY4)
    assert slot is not None
    tmpl = toy.net.template()
    attach(tmpl, slot)
    toy.attach(tmpl)
    toy.send(dport=21)
    toy.attach(None)
    toy.send(dport=21, more=b"PORT")
    assert toy.send(sport=7, dport=5000).state == "related"


def test_a_helper_can_only_be_given_to_an_unconfirmed_flow(toy: Masters) -> None:
    ct = toy.send().entry
    assert ct is not None
    with pytest.raises(ValueError, match="unconfirmed"):
        attach(ct, toy.slot)


def test_tear_down_frees_masters_that_wait(toy: Masters) -> None:
    master = toy.master()
    toy.expect(master)
    comes(toy)
    toy.net.delete(master)
    assert toy.net.table.count == 2
    assert toy.net.find(packed(dport=21)) is None


def test_at_a_masters_end_listeners_hear_before_the_helper_and_of_the_flow_before_its_announcements(
    toy: Masters,
) -> None:
    master = toy.master()
    toy.expect(master, dst=7)
    log = toy.helper.log
    toy.net.notifier.listeners.append(lambda kind, ct, mask: log.append(kind.name))
    toy.net.notifier.expect_listeners.append(lambda kind, exp: log.append(f"EXP_{kind.name}"))
    toy.net.delete(master)
    assert log == ["DESTROY", ("destroy", master.id), "EXP_DESTROY"]
