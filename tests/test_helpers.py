"""Helpers: which flows are given one, what one is at all, and what plugins make expectations with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import pytest

from ctcore import (
    Conn,
    Expectation,
    ExpectPolicy,
    ExtId,
    HelperError,
    Packet,
    PluginError,
    Status,
    Sysctl,
    SysctlError,
    Tuple,
    Verdict,
    announce,
    drop,
    expect,
    help_data,
    helper,
    withdraw,
)
from ctcore.common import NEVER
from ctcore.helper import Assignment
from ctcore.sysctl import switch
from tests.toy import ETHERTYPE, RACE4, TOY3, TOY4, ToyNet, frame, names, registry


class Memory:
    def __init__(self) -> None:
        self.calls = 0


class Twin:
    """Works over two protocols; keeps a count for each flow, and announces what the payload says."""

    name, l3num, l4num, port = "twin", TOY3, (TOY4, RACE4), 21
    policies: Sequence[ExpectPolicy] = (ExpectPolicy(1, 30),)
    private = Memory

    def __init__(self) -> None:
        self.eager = 0
        self.came: list[tuple[Conn, Expectation]] = []

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn) -> int:
        help_data(ct).private.calls += 1
        said = pkt.buf[protoff + 5 : pkt.end]
        if said == b"DROP":
            return drop(pkt, ct, "as it was told")
        if said == b"RAISE":
            raise ValueError("said so")
        if said[:1] == b"P":
            return announce(pkt, expect(ct, None, ct.tuple(0).dst, TOY4, None, said[1]))
        return int(Verdict.ACCEPT)

    @helper
    def expectfn(self, ct: Conn, exp: Expectation) -> None:
        self.came.append((ct, exp))

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        return (switch("nf_conntrack_twin.eager", 0, "eager", "a toy's parameter"),)


class Single(Twin):
    name, l4num, port = "single", TOY4, 22  # type: ignore[assignment]

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        return ()


def toy(*assignments: str, **kwargs: Any) -> ToyNet:
    made = ToyNet(("helper", Twin), ("helper", Single), **kwargs)
    for text in assignments:
        made.net.helpers.assign(text)
    return made


def helper_of(net: ToyNet, **where: Any) -> str | None:
    """The name of the helper that a flow is given."""
    ct = net.send(**where).entry
    assert ct is not None
    data = ct.ext_find(ExtId.HELPER)
    assert bool(ct.status & Status.HELPER) == (data is not None)
    return None if data is None else data.helper.name


# Assignment.


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("twin", {(TOY4, 21), (RACE4, 21)}),
        ("twin:toy4", {(TOY4, 21)}),
        ("twin:TOY4", {(TOY4, 21)}),
        ("twin:race4:80", {(RACE4, 80)}),
        ("twin:toy4:0", {(TOY4, 0)}),
        ("twin:toy4:65535", {(TOY4, 65535)}),
    ],
)
def test_a_helper_is_given_to_the_flows_to_a_port(text: str, flows: set[tuple[int, int]]) -> None:
    net = toy(text)
    given = {
        (proto, dport)
        for proto in (TOY4, RACE4)
        for dport in (0, 21, 22, 80, 65535)
        if helper_of(net, proto=proto, dport=dport) == "twin"
    }
    assert given == flows
    assert {(one.l4num, one.port) for one in net.net.helpers.assignments} == flows


def test_assignments_can_be_asked_for() -> None:
    assert toy("single:toy4:9").net.helpers.assignments == [Assignment("single", TOY3, TOY4, 9)]
    assert toy().net.helpers.assignments == []


def test_the_library_takes_them_too() -> None:
    net = ToyNet(("helper", Twin))
    assert helper_of(net, dport=21) is None
    net.net.helpers.assign("twin")
    assert helper_of(net, dport=21) is None, "the flow is there already, and gets none any more"
    assert helper_of(net, sport=9, dport=21) == "twin"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("twn", "no helper is named 'twn': did you mean twin?"),
        ("ftp", "no helper is named 'ftp': there are single, twin"),
        ("", "no helper is named '': there are single, twin"),
        ("twin:", "a helper is given as NAME, NAME:PROTO or NAME:PROTO:PORT, not as 'twin:'"),
        ("twin::21", "a helper is given as NAME, NAME:PROTO or NAME:PROTO:PORT, not as 'twin::21'"),
        ("twin:toy4:21:9", "a helper is given as NAME, NAME:PROTO or NAME:PROTO:PORT, not as 'twin:toy4:21:9'"),
        ("twin:21", "the helper twin works over toy4 and race4, not over '21'"),
        ("single:race4:21", "the helper single works over toy4, not over 'race4'"),
        ("twin:toy4:65536", "a port is a number from 0 to 65535, not '65536'"),
        ("twin:toy4:-1", "a port is a number from 0 to 65535, not '-1'"),
        ("twin:toy4:ftp", "a port is a number from 0 to 65535, not 'ftp'"),
        ("twin:toy4:²", "a port is a number from 0 to 65535, not '²'"),
        ("twin:toy4:22", "toy4 port 22 has the helper single already"),
    ],
)
def test_what_cannot_be_given_is_one_sentence_and_nothing_is_given(text: str, sentence: str) -> None:
    net = toy("single")
    before = net.net.helpers.assignments
    with pytest.raises(HelperError) as caught:
        net.net.helpers.assign(text)
    assert str(caught.value) == sentence
    assert net.net.helpers.assignments == before


def test_where_no_helper_is_installed() -> None:
    with pytest.raises(HelperError, match="no helper is named 'ftp': no helper is installed: pip install ctcore-ftp"):
        ToyNet().net.helpers.assign("ftp")


def test_a_helper_that_is_left_out_is_not_told_to_be_unknown() -> None:
    odd = type("Odd", (Single,), {"name": "twins", "port": None})
    net = ToyNet(("helper", Twin), ("helper", odd), strict=False)
    with pytest.raises(HelperError, match=r"^no flow can have the helper twins: its plugin is left out "):
        net.net.helpers.assign("twins")


def test_a_helper_over_a_protocol_whose_distribution_is_known_names_it() -> None:
    class Foreign(Twin):
        name, l4num = "foreign", 17  # type: ignore[assignment]

    with pytest.raises(
        HelperError, match=r"needs a plugin for protocol 17, and none is loaded: pip install ctcore-udp$"
    ):
        ToyNet(("helper", Foreign)).net.helpers.assign("foreign")


def test_a_helper_of_a_protocol_that_no_plugin_knows() -> None:
    class Foreign(Twin):
        name, l4num = "foreign", 99  # type: ignore[assignment]

    with pytest.raises(HelperError, match="the helper foreign needs a plugin for protocol 99, and none is loaded"):
        ToyNet(("helper", Foreign)).net.helpers.assign("foreign")


def test_the_same_assignment_twice_is_one() -> None:
    net = toy("twin", "twin:toy4", "twin:toy4:21")
    assert len(net.net.helpers.assignments) == 2


def test_a_flow_that_was_expected_is_given_none_for_its_port() -> None:
    net = toy("twin")
    net.send(dport=21, more=b"P\x15")
    child = net.send(src=7, dport=21).entry
    assert child is not None
    assert child.master is not None
    assert child.ext_find(ExtId.HELPER) is None


def test_a_templates_helper_goes_before_the_ports() -> None:
    net = toy("twin")
    slot = net.net.helpers.find("single", TOY3, TOY4)
    assert slot is not None
    tmpl = net.net.template()
    tmpl.ext_add(ExtId.HELPER, type("Data", (), {"helper": slot}))
    net.attach(tmpl)
    assert helper_of(net, dport=21) == "single"
    net.attach(net.net.template())
    assert helper_of(net, sport=5, dport=21) == "twin", "a template without one changes nothing"


# nf_conntrack_helper.


def test_old_kernels_gave_helpers_by_themselves() -> None:
    net = toy(nf_conntrack_helper=1)
    ct = net.send(dport=21).entry
    assert ct is not None
    assert ct.ext_find(ExtId.HELPER).helper.name == "twin"
    assert not ct.status & Status.HELPER, "the bit is for what a ruleset assigned"
    other = net.send(dport=23).entry
    assert other is not None
    assert other.ext_find(ExtId.HELPER) is None
    net.net.sysctl["nf_conntrack_helper"] = 0
    assert helper_of(net, sport=5, dport=21) is None


def test_what_was_assigned_goes_before_that() -> None:
    net = toy("single:toy4:21", nf_conntrack_helper=1)
    assert helper_of(net, dport=21) == "single"
    net.net.sysctl["nf_conntrack_helper"] = 0
    assert helper_of(net, sport=5, dport=21) == "single"


# A helper at work.


def test_each_flow_has_data_of_its_own() -> None:
    net = toy("twin")
    first, second = (net.send(sport=sport, dport=21).entry for sport in (1, 2))
    net.send(sport=2, dport=21)
    assert first is not None
    assert second is not None
    assert [help_data(ct).private.calls for ct in (first, second)] == [1, 2]


def test_a_packet_of_which_bytes_are_missing_is_not_shown_to_it() -> None:
    net = toy("twin")

    def longer(pkt: Packet) -> int:
        pkt.end += 1
        return int(Verdict.ACCEPT)

    net.hook(4, 0, longer)
    result = net.send(dport=21)
    assert (result.verdict, result.entry is not None) == (Verdict.ACCEPT, True)
    assert result.reasons == ["only part of the packet was captured: the helper twin cannot look at it"]


def test_what_it_drops_has_its_reason() -> None:
    net = toy("twin")
    result = net.send(dport=21, more=b"DROP")
    assert (result.verdict, result.reasons) == (Verdict.DROP, ["nf_ct_twin: dropping packet: as it was told"])
    assert net.net.table.count == 0


def test_a_helper_that_raises_is_named_and_the_packet_passes_on() -> None:
    net = toy("twin", strict=False)
    reports: list[str] = []
    net.net.faults.report = reports.append
    for _ in range(2):
        result = net.send(dport=21, more=b"RAISE")
        assert (result.verdict, result.state) == (Verdict.ACCEPT, "new")
        assert result.entry is not None
    assert result.reasons == ["helper plugin Twin of this program failed: ValueError: said so"] or (
        "twin" in result.reasons[0] and "ValueError: said so" in result.reasons[0]
    )
    assert len(reports) == 1
    assert sum(net.net.faults.counts.values()) == 2
    assert net.counters() == {}


def test_the_hook_is_told_of_what_came() -> None:
    net = toy("twin")
    net.send(dport=21, more=b"P\x63")
    slot = net.net.helpers.find("twin", TOY3, TOY4)
    assert slot is not None
    child = net.send(dport=0x63).entry
    ((came, exp),) = slot.plugin.came
    assert came is child
    assert exp.tuple.dst_u == b"\0\x63"


# Expectations made and announced.


def test_an_expectation_is_made_of_addresses_and_ports() -> None:
    net = toy("twin")
    ct = net.send(dport=21).entry
    assert ct is not None
    exp = expect(ct, b"\7", b"\2", TOY4, 1000, 80)
    assert exp.tuple == Tuple(b"\7", b"\2", b"\3\xe8", b"\0\x50", TOY3, TOY4)
    assert (exp.mask_src, exp.mask_u, exp.class_, exp.flags, exp.master) == (b"\xff", b"\xff\xff", 0, 0, ct)
    anybody = expect(ct, None, b"\2", TOY4, None, 80)
    assert anybody.tuple == Tuple(b"\0", b"\2", b"\0\0", b"\0\x50", TOY3, TOY4)
    assert (anybody.mask_src, anybody.mask_u) == (b"\0", b"\0\0")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"saddr": "7"}, "saddr must be an address of 1 bytes, as the master's are, not '7'"),
        ({"saddr": b"\7\7"}, r"saddr must be an address of 1 bytes, as the master's are, not b'\x07\x07'"),
        ({"daddr": None}, "daddr must be an address of 1 bytes, as the master's are, not None"),
        ({"l4num": "udp"}, "l4num must be a number from 0 to 255, not 'udp'"),
        ({"sport": -1}, "sport must be a number from 0 to 65535, not -1"),
        ({"dport": "80"}, "dport must be a number from 0 to 65535, not '80'"),
        ({"dport": 65536}, "dport must be a number from 0 to 65535, not 65536"),
        ({"class_": 1}, "class_ must be a number from 0 to 0, not 1"),
    ],
)
def test_what_no_flow_can_have_cannot_be_expected(wrong: dict[str, Any], sentence: str) -> None:
    ct = toy("twin").send(dport=21).entry
    assert ct is not None
    sound: dict[str, Any] = {"saddr": b"\7", "daddr": b"\2", "l4num": TOY4, "sport": None, "dport": 80, "class_": 0}
    assert expect(ct, **sound).tuple.dst == b"\2"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        expect(ct, **{**sound, **wrong})


def test_what_was_announced_can_be_taken_back_once() -> None:
    net = toy("twin")
    net.send(dport=21, more=b"P\x63")
    (exp,) = net.net.expectations
    assert withdraw(exp)
    assert (net.net.expectations.count, net.counters()["expect_delete"]) == (0, 1)
    assert not withdraw(exp), "it is gone already"
    assert net.counters()["expect_delete"] == 1
    came = net.send(dport=0x63).entry
    assert came is not None
    assert came.master is None


def test_what_came_cannot_be_taken_back() -> None:
    net = toy("twin")
    net.send(dport=21, more=b"P\x63")
    (exp,) = net.net.expectations
    came = net.send(dport=0x63).entry
    assert came is not None
    assert came.master is exp.master
    assert not withdraw(exp)


def test_what_cannot_be_announced_drops_the_packet() -> None:
    net = toy("twin")
    net.send(sport=1, dport=21, more=b"P\x63")
    refused = net.send(sport=2, dport=21, more=b"P\x63")
    assert (refused.verdict, refused.entry) == (Verdict.DROP, None)
    assert refused.reasons == [
        "the flow cannot be expected: EBUSY",
        "nf_ct_twin: dropping packet: cannot add expectation",
    ]
    assert net.net.expectations.count == 1


def test_an_expectation_may_be_looked_at_without_being_met() -> None:
    net = toy("twin")
    net.send(dport=21, more=b"P\x63")
    table = net.net.expectations
    t = Tuple.unpack(frame(dport=0x63)[:2] + frame(dport=0x63)[4:8] + bytes((TOY3, TOY4)))
    found = table.peek(t, 0)
    assert found is not None
    assert table.peek(t, 1) is None, "another zone"
    assert table.peek(t._replace(dst_u=b"\0\x64"), 0) is None
    assert table.count == 1


def test_an_expectations_time_may_be_changed() -> None:
    net = toy("twin", nf_conntrack_toy_timeout=1000)
    net.send(dport=21, more=b"P\x63")
    (exp,) = net.net.expectations
    net.net.expectations.refresh(exp, net.time + 3 * 10**9)
    net.sleep(3)
    assert net.net.expectations.count == 0
    net.send(sport=5, dport=21, more=b"P\x63")
    (exp,) = net.net.expectations
    net.net.expectations.refresh(exp, net.time + 500 * 10**9)
    net.sleep(499)
    assert net.net.expectations.count == 1


def test_a_flood_of_announcements_leaves_nothing_behind() -> None:
    net = toy("twin", nf_conntrack_toy_timeout=1000)
    table = net.net.expectations
    for number in range(5000):
        net.time += 10**6
        net.send(sport=number % 7, dport=21, more=b"P" + bytes([number % 200]))
    assert table.count == 7
    assert len(table._due) <= 2 * table.count + 65
    net.sleep(31)
    assert (table.count, table._due, table.next) == (0, [], NEVER)


@pytest.mark.parametrize(("events", "kinds"), [(0, []), (1, ["EXP_NEW", "NEW"]), (2, ["EXP_NEW", "NEW"])])
def test_a_master_without_events_has_silent_expectations(events: int, kinds: list[str]) -> None:
    net = toy("twin", nf_conntrack_events=events)
    assert names(net.send(dport=21, more=b"P\x63").events) == kinds


def test_who_listens_to_expectations_alone_hears_them() -> None:
    net = toy("twin", listen=False)
    heard: list[str] = []
    net.net.notifier.expect_listeners.append(lambda kind, exp: heard.append(kind.name))
    net.send(dport=21, more=b"P\x63")
    net.send(dport=0x63)
    assert heard == ["NEW", "DESTROY"]


# What a helper must be.


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "a-name-of-16-let"}, "a helper's name has 1 to 15 letters"),
        ({"name": ""}, "a helper's name has 1 to 15 letters"),
        ({"l3num": 256}, "its l3num must be a number from 0 to 255, not 256"),
        ({"l4num": None}, "its l4num must be a number from 0 to 255, not None"),
        ({"l4num": ()}, "its l4num must be a number from 0 to 255, not ()"),
        ({"l4num": (6, "udp")}, "its l4num must be a number from 0 to 255, not 'udp'"),
        ({"port": 65536}, "its port must be a number from 0 to 65535, not 65536"),
        ({"policies": ()}, "its policies must be a tuple of 1 to 4 of ExpectPolicy, a class of expectations each"),
        ({"policies": (ExpectPolicy(1, 1),) * 5}, "its policies must be a tuple of 1 to 4 of ExpectPolicy"),
        ({"policies": ((1, 300),)}, "its policies must be a tuple of 1 to 4 of ExpectPolicy"),
        ({"policies": ExpectPolicy(1, 300)}, "its policies must be a tuple of 1 to 4 of ExpectPolicy"),
        ({"policies": (ExpectPolicy(256, 1),)}, "a class of expectations has a max_expected from 0 to 255"),
        ({"policies": (ExpectPolicy(1, -1),)}, "a class of expectations has a max_expected from 0 to 255"),
        (
            {"policies": (ExpectPolicy(1, cast("int", None)),)},
            "a class of expectations has a max_expected from 0 to 255",
        ),
        ({"private": Memory()}, "its private is called for each flow, as a class is, and a Memory cannot be"),
    ],
)
def test_a_helper_that_cannot_be_is_left_out(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PluginError) as caught:
        registry(("helper", type("Odd", (Single,), changes)))
    assert sentence in str(caught.value)


def test_a_name_is_taken_once_for_a_protocol() -> None:
    class Again(Single):
        name, l4num = "twin", RACE4

    with pytest.raises(PluginError, match=f"a helper twin for protocol {RACE4} is there already: the helper plugin"):
        registry(("helper", Twin), ("helper", Again))


# The parameters of a kernel's module.


def test_a_parameter_has_its_modules_name() -> None:
    net = toy()
    assert net.net.sysctl["nf_conntrack_twin.eager"] == 0
    net.net.sysctl.set_text("nf_conntrack_twin.eager=1")
    slot = net.net.helpers.find("twin", TOY3, TOY4)
    assert slot is not None
    assert slot.plugin.eager == 1
    assert "nf_conntrack_twin.eager" in list(net.net.sysctl)
    with pytest.raises(SysctlError, match="unknown sysctl eager"):
        net.net.sysctl["eager"] = 1


def test_helpers_of_two_namespaces_do_not_meet() -> None:
    one, other = toy("twin"), toy()
    one.send(dport=21, more=b"P\x63")
    assert other.feed(frame(dport=0x63), other.time, ETHERTYPE).state == "new"
    assert other.net.helpers.assignments == []
