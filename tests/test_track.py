"""conntrack-in: what a packet brings with it, the order of the steps, and what each of them counts."""

from __future__ import annotations

from typing import Any

import pytest

from ctcore import Conn, CtInfo, ExtId, Packet, Registry, Result, Status, Verdict, Zone, l4proto
from ctcore.common import ASSURED, CONFIRMED, EXPECTED, IP_CT_UNTRACKED, SEEN_REPLY
from ctcore.eventcache import EventCache
from ctcore.extensions.timeout import TimeoutPolicy
from ctcore.sysctl import SECOND
from tests.toy import NO_INVERSE, RACE4, TOY3, TOY4, Do, Toy4, ToyNet, frame, names, packed

SEEN, SURE, CONF = "SEEN_REPLY", "ASSURED", "CONFIRMED"


def bits(result: Result) -> set[str]:
    assert result.entry is not None
    return {str(bit.name) for bit in Status if result.entry.status & bit}


def test_ctinfo_and_status_of_a_conversation(toy: ToyNet) -> None:
    steps: list[tuple[bool, Do, CtInfo, set[str]]] = [
        (False, Do.ACCEPT, CtInfo.NEW, {CONF}),
        (False, Do.ACCEPT, CtInfo.NEW, {CONF}),
        (True, Do.ACCEPT, CtInfo.ESTABLISHED_REPLY, {CONF, SEEN}),
        (False, Do.ACCEPT, CtInfo.ESTABLISHED, {CONF, SEEN}),
        (False, Do.ASSURE, CtInfo.ESTABLISHED, {CONF, SEEN, SURE}),
        (True, Do.ACCEPT, CtInfo.ESTABLISHED_REPLY, {CONF, SEEN, SURE}),
    ]
    for number, (reply, do, ctinfo, status) in enumerate(steps):
        result = toy.reply(do=do) if reply else toy.send(do=do)
        assert (result.verdict, result.ctinfo, bits(result)) == (Verdict.ACCEPT, ctinfo, status), f"step {number}"
        assert result.direction == ("reply" if reply else "original")
    assert toy.net.table.count == 1
    assert toy.counters() == {}


def test_expected_flows_are_related_until_a_reply_is_seen(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    ct.status |= EXPECTED
    assert toy.send().ctinfo == CtInfo.RELATED
    assert toy.reply().ctinfo == CtInfo.ESTABLISHED_REPLY
    assert toy.send().ctinfo == CtInfo.ESTABLISHED


def test_seen_reply_comes_after_the_tracker_has_seen_the_reply() -> None:
    class Nosy(Toy4):
        name, l4num = "nosy", 99

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[bool] = []

        @l4proto
        def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
            self.seen.append(bool(ct.status & SEEN_REPLY))
            return super().packet(ct, pkt, dataoff, ctinfo)

        @l4proto
        def sysctls(self) -> tuple[()]:
            return ()

    toy = ToyNet(("l4proto", Nosy))
    toy.send(proto=99)
    toy.reply(proto=99)
    toy.reply(proto=99)
    assert toy.net.l4protos[99].plugin.seen == [False, False, True]


@pytest.mark.parametrize("do", [Do.INVALID, Do.DROP, Do.ERROR])
def test_a_reply_that_the_tracker_refuses_was_not_seen(toy: ToyNet, do: Do) -> None:
    ct = toy.send().entry
    assert ct is not None
    toy.reply(do=do)
    assert not ct.status & SEEN_REPLY
    toy.reply(do=Do.IGNORE)
    assert ct.status & SEEN_REPLY, "one that it let pass was, although it neither counts nor refreshes"


REFUSED: dict[str, tuple[dict[str, Any], Verdict, dict[str, int]]] = {
    "no transport header": ({"flags": 0x80}, Verdict.ACCEPT, {"invalid": 1}),
    "no tuple": ({"flags": 0x20}, Verdict.ACCEPT, {"invalid": 1}),
    "no inverse": ({"sport": NO_INVERSE}, Verdict.ACCEPT, {"invalid": 1}),
    "error stage": ({"do": Do.ERROR}, Verdict.ACCEPT, {"invalid": 1}),
    "error stage drops": ({"do": Do.ERROR_DROP}, Verdict.DROP, {"invalid": 1, "drop": 1}),
    "may not open a flow": ({"do": Do.NOT_NEW}, Verdict.ACCEPT, {"invalid": 1}),
    "tracker refuses": ({"do": Do.INVALID}, Verdict.ACCEPT, {"invalid": 1}),
    "tracker drops": ({"do": Do.DROP}, Verdict.DROP, {"invalid": 1, "drop": 1}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_first_packet_that_is_refused_leaves_nothing_but_a_count(toy: ToyNet, case: str) -> None:
    arguments, verdict, counters = REFUSED[case]
    result = toy.send(**arguments)
    assert (result.verdict, result.state, result.ctinfo, result.direction) == (verdict, "invalid", None, None)
    assert result.entry is None
    assert result.events == []
    assert toy.counters() == counters
    assert toy.net.table.count == 0
    assert not toy.net.table.unconfirmed


@pytest.mark.parametrize("do", [Do.INVALID, Do.DROP, Do.ERROR, Do.ERROR_DROP])
def test_a_later_packet_that_is_refused_leaves_its_flow_alone(toy: ToyNet, do: Do) -> None:
    toy.net.sysctl["nf_conntrack_acct"] = 1
    flow = toy.send().entry
    assert flow is not None
    before = (flow.status, flow.timeout, flow.ext_find(ExtId.ACCT).packets[:])
    result = toy.send(do=do, after=1)
    assert result.state == "invalid"
    assert toy.packet.ct is None
    assert (flow.status, flow.timeout, flow.ext_find(ExtId.ACCT).packets) == before
    assert result.entry is flow, "told for an INVALID packet too: the flow whose tuple it bears"


def test_new_is_asked_until_the_flow_is_confirmed(toy: ToyNet) -> None:
    toy.send()
    assert toy.send(do=Do.NOT_NEW).state == "new"


def test_error_is_asked_after_the_lookup_and_its_reason_is_kept(toy: ToyNet) -> None:
    result = toy.send(do=Do.ERROR)
    assert result.reasons == ["nf_ct_proto_253: toy error"]
    assert toy.net.l4protos[TOY4].plugin.destroyed == [1], "a flow had been made for it"


class Early(Toy4):
    """As ICMP: ``error`` is asked before the lookup, and may attach a flow."""

    name, l4num = "early", 98
    error_before_lookup = TOY3
    attach: tuple[int, int] | None = None

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        do = pkt.buf[dataoff + 4]
        if do == Do.CHANGE:
            pkt.ct, pkt.ctinfo = next(iter(pkt.net.table)), CtInfo.RELATED_REPLY
        elif do == Do.IGNORE:
            pkt.ctinfo = IP_CT_UNTRACKED
        return super().error(pkt, dataoff)

    @l4proto
    def sysctls(self) -> tuple[()]:
        return ()


EARLY = ("l4proto", Early)


def test_an_early_error_counts_as_error_not_as_invalid() -> None:
    toy = ToyNet(EARLY)
    result = toy.send(proto=98, do=Do.ERROR)
    assert (result.state, result.verdict, toy.counters()) == ("invalid", Verdict.ACCEPT, {"error": 1})
    assert toy.net.l4protos[98].plugin.destroyed == [], "no flow was made"


def test_an_early_error_may_attach_a_flow_and_touches_nothing_of_it() -> None:
    toy = ToyNet(EARLY, nf_conntrack_acct=1)
    flow = toy.send().entry
    assert flow is not None
    before = (flow.status, flow.timeout)
    result = toy.send(proto=98, do=Do.CHANGE, after=1)
    assert (result.state, result.direction, result.entry) == ("related", "reply", flow)
    assert (flow.status, flow.timeout) == before
    assert flow.ext_find(ExtId.ACCT).packets == [1, 0]


def test_an_early_error_may_leave_a_packet_untracked() -> None:
    toy = ToyNet(EARLY)
    result = toy.send(proto=98, do=Do.IGNORE)
    assert (result.state, result.ctinfo, result.entry) == ("untracked", CtInfo.UNTRACKED, None)
    assert toy.net.table.count == 0


def test_early_is_asked_once_and_for_its_own_family_alone() -> None:
    class Elsewhere(Early):
        name, l4num = "elsewhere", 97
        error_before_lookup = TOY3 + 1

    toy = ToyNet(EARLY, ("l4proto", Elsewhere))
    assert toy.send(proto=98).state == "new"
    toy.send(proto=97, do=Do.ERROR)
    assert toy.counters() == {"invalid": 1}


# What a packet brings with it.


def test_an_untracked_packet_passes(toy: ToyNet) -> None:
    def notrack(pkt: Packet) -> int:
        pkt.ctinfo = IP_CT_UNTRACKED
        return 1

    toy.hook(0, -300, notrack)
    result = toy.send()
    assert (result.verdict, result.state, result.ctinfo) == (Verdict.ACCEPT, "untracked", CtInfo.UNTRACKED)
    assert (result.direction, result.entry, toy.net.table.count, toy.counters()) == (None, None, 0, {})


def test_a_packet_that_carries_its_entry_already_is_not_counted_again(toy: ToyNet) -> None:
    toy.net.sysctl["nf_conntrack_acct"] = 1
    flow = toy.send().entry
    assert flow is not None

    def carry(pkt: Packet) -> int:
        pkt.ct, pkt.ctinfo = flow, CtInfo.RELATED
        return 1

    toy.hook(0, -300, carry)
    result = toy.send(sport=5, do=Do.DROP, after=1)
    assert (result.entry, result.state, result.verdict) == (flow, "related", Verdict.ACCEPT)
    assert flow.ext_find(ExtId.ACCT).packets == [1, 0]
    assert flow.remaining(toy.time) == 9 * SECOND


def test_a_template_gives_its_zone_its_timeouts_and_its_event_mask(toy: ToyNet) -> None:
    tmpl = toy.net.template(Zone(9))
    tmpl.ext_add(ExtId.TIMEOUT, TimeoutPolicy("short", [3 * SECOND]))
    tmpl.ext_add(ExtId.ECACHE, EventCache(1 << 2, 0))
    toy.attach(tmpl)
    result = toy.send()
    ct = result.entry
    assert ct is not None
    assert ct.zone == Zone(9)
    assert (ct.remaining(toy.time), ct.ext_find(ExtId.TIMEOUT).name) == (3 * SECOND, "short")
    assert ct.ext_find(ExtId.ECACHE).ctmask == 1 << 2
    assert result.events == [], "NEW is not in the mask"
    assert names(toy.sleep(3).events) == ["DESTROY"]


def test_a_templates_event_mask_holds_though_events_are_off() -> None:
    toy = ToyNet(nf_conntrack_events=0)
    tmpl = toy.net.template()
    tmpl.ext_add(ExtId.ECACHE, EventCache(1, 0))
    toy.attach(tmpl)
    assert names(toy.send().events) == ["NEW"]


def test_a_template_is_never_counted_never_listed_and_may_be_used_again(toy: ToyNet) -> None:
    tmpl = toy.net.template()
    toy.attach(tmpl)
    for sport in range(3):
        toy.send(sport=sport)
    toy.send(do=Do.INVALID)
    assert toy.net.table.count == len(toy.net.table) == 3
    assert tmpl not in set(toy.net.table)
    assert tmpl.status == Status.TEMPLATE


@pytest.mark.parametrize("flags", [0, 0x80])
def test_a_template_on_a_packet_that_is_dropped_before_conntrack_costs_nothing(toy: ToyNet, flags: int) -> None:
    toy.attach(toy.net.template())
    toy.hook(0, -250, lambda pkt: 0)
    assert toy.send(flags=flags).verdict == Verdict.DROP
    assert toy.net.table.count == 0


def test_a_template_of_one_packet_is_not_the_nexts(toy: ToyNet) -> None:
    toy.attach(toy.net.template(Zone(9)))
    toy.send()
    toy.attach(None)
    ct = toy.send().entry
    assert ct is not None
    assert ct.zone == Zone()


# -REPEAT.


def test_repeat_ends_the_old_flow_and_opens_a_new_one(toy: ToyNet) -> None:
    old = toy.send().entry
    toy.reply()
    result = toy.send(do=Do.REOPEN)
    assert result.entry is not old
    assert (result.ctinfo, bits(result)) == (CtInfo.NEW, {CONF})
    assert names(result.events) == ["DESTROY", "NEW"]
    assert toy.counters() == {}
    assert toy.net.table.count == 1


def test_a_repeat_in_reply_direction_turns_the_flow_around(toy: ToyNet) -> None:
    toy.send()
    result = toy.reply(do=Do.REOPEN)
    assert (result.ctinfo, result.direction) == (CtInfo.NEW, "original")
    assert result.entry is not None
    assert result.entry.original == packed(2, 1, 80, 1000)


def test_a_repeat_keeps_the_template(toy: ToyNet) -> None:
    toy.attach(toy.net.template(Zone(4)))
    toy.send()
    result = toy.send(do=Do.REOPEN)
    assert result.entry is not None
    assert result.entry.zone == Zone(4)


# Timeouts.


def test_the_timeout_runs_from_the_last_packet_that_refreshed_it(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    assert ct.remaining(toy.time) == 10 * SECOND
    toy.send(after=4)
    assert ct.remaining(toy.time) == 10 * SECOND
    toy.send(after=4, do=Do.IGNORE)
    assert ct.remaining(toy.time) == 6 * SECOND
    assert ct.remaining(toy.time + 7 * SECOND) == 0, "never negative"


def test_a_fixed_timeout_is_never_refreshed(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    ct.status |= Status.FIXED_TIMEOUT
    toy.send(after=4)
    assert ct.remaining(toy.time) == 6 * SECOND
    ct.refresh(toy.packet, SECOND)
    assert ct.remaining(toy.time) == 6 * SECOND


def test_refresh_without_accounting(toy: ToyNet) -> None:
    toy.net.sysctl["nf_conntrack_acct"] = 1
    ct = toy.send().entry
    assert ct is not None
    ct.refresh(toy.packet, 100 * SECOND)
    assert (ct.remaining(toy.time), ct.ext_find(ExtId.ACCT).packets) == (100 * SECOND, [1, 0])
    ct.refresh(toy.packet, SECOND)
    assert names(toy.sleep(1).events) == ["DESTROY"], "a shorter one holds as well"


def test_flows_of_different_protocols_never_meet(toy: ToyNet) -> None:
    flows = {toy.send(proto=proto).entry for proto in (TOY4, RACE4, 77, 78)}
    assert len(flows) == toy.net.table.count == 4


def test_ids_are_never_used_twice(toy: ToyNet) -> None:
    seen = [toy.send(sport=sport % 7, do=Do.REOPEN).entry for sport in range(50)]
    assert len({ct.id for ct in seen if ct is not None}) == 50


def test_a_packet_of_no_known_network_layer_is_never_seen(toy: ToyNet) -> None:
    result = toy.feed(frame(), toy.time, 0x9999)
    assert (result.verdict, result.state, result.ctinfo) == (Verdict.ACCEPT, "none", None)
    assert result.reasons == ["no l3proto plugin for ethertype 0x9999"]


def test_without_any_plugin_nothing_is_seen() -> None:
    from ctcore import Conntrack

    result = Conntrack(Registry()).feed(b"\x45" + bytes(30), 5)
    assert (result.state, result.reasons) == ("none", ["no l3proto plugin for ethertype 0x0800"])


def test_constants_are_the_kernels() -> None:
    assert (EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED) == (1, 2, 4, 8)
    assert [int(bit) for bit in Status] == [1 << number for number in range(16)]
    assert (int(Status.DYING), int(Status.HW_OFFLOAD)) == (0x200, 0x8000)
    assert [int(v) for v in Verdict] == [0, 1, 2, 3, 4, 5]
