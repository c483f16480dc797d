"""Filters: each option lets those flows through that conntrack's option of the same name lets through."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click
import pytest

from ctcore import Conn, Conntrack, Net, Status, Zone
from ctcore.cli.filters import Filter, mark_and_mask, status_bits
from ctcore.sources import open_capture
from tests.test_cli import CAPTURES, run

pytestmark = pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6")

TOUR = CAPTURES / "tour.pcap"

PASSING: dict[str, Callable[[dict[str, Any]], bool]] = {
    "-p tcp": lambda flow: flow["l4"] == "tcp",
    "-p UDP": lambda flow: flow["l4"] == "udp",
    "--protonum 1": lambda flow: flow["l4"] == "icmp",
    "-p 132": lambda flow: False,
    "-f ipv4": lambda flow: True,
    "-s 192.0.2.10": lambda flow: flow["original"]["src"] == "192.0.2.10",
    "--orig-src 203.0.113.80": lambda flow: flow["original"]["src"] == "203.0.113.80",
    "-d 203.0.113.80": lambda flow: flow["original"]["dst"] == "203.0.113.80",
    "-d 203.0.113.128/25": lambda flow: int(flow["original"]["dst"].split(".")[3]) >= 128,
    "-d 203.0.113.1/24": lambda flow: flow["original"]["dst"].startswith("203.0.113."),
    "-r 203.0.113.80": lambda flow: flow["reply"]["src"] == "203.0.113.80",
    "-q 192.0.2.10": lambda flow: flow["reply"]["dst"] == "192.0.2.10",
    "-q 192.0.2.11": lambda flow: False,
    "--dport 7": lambda flow: flow["original"].get("dport") == 7,
    "-p udp --dport 7": lambda flow: flow["l4"] == "udp" and flow["original"]["dport"] == 7,
    "--reply-port-src 53": lambda flow: flow["reply"].get("sport") == 53,
    "--icmp-type 8": lambda flow: flow["original"].get("type") == 8,
    "--icmp-id 600": lambda flow: flow["original"].get("id") == 600,
    "--icmp-code 1": lambda flow: False,
    "--state ESTABLISHED": lambda flow: flow["state"] == "ESTABLISHED",
    "--state syn_sent": lambda flow: flow["state"] == "SYN_SENT",
    "-u ASSURED": lambda flow: "ASSURED" in flow["status"],
    "-u SEEN_REPLY": lambda flow: "SEEN_REPLY" in flow["status"],
    "-u UNREPLIED": lambda flow: "SEEN_REPLY" not in flow["status"],
    "-u seen_reply,ASSURED": lambda flow: {"SEEN_REPLY", "ASSURED"} <= {*flow["status"]},
    "-u UNSET": lambda flow: flow["status"] == ["CONFIRMED"],
    "-m 0": lambda flow: True,
    "-m 1": lambda flow: False,
    "-w 0": lambda flow: True,
    "-w 1": lambda flow: False,
}


@pytest.mark.parametrize("words", PASSING)
def test_list_shows_what_passes(words: str) -> None:
    flows = [json.loads(line) for line in run("list", "-o", "json", TOUR).lines]
    done = run("list", "-o", "json", *words.split(), TOUR)
    assert done.status == 0
    assert [json.loads(line) for line in done.lines] == [flow for flow in flows if PASSING[words](flow)]


def test_what_passes_is_neither_nothing_nor_everything() -> None:
    flows = [json.loads(line) for line in run("list", "-o", "json", TOUR).lines]
    parted = [words for words, test in PASSING.items() if 0 < sum(map(test, flows)) < len(flows)]
    assert len(parted) > 14


@pytest.mark.parametrize("option", ["--sport", "--orig-port-src", "--reply-port-dst"])
def test_ports_of_the_client(option: str) -> None:
    port = json.loads(run("list", "-o", "json", "-p", "tcp", TOUR).lines[0])["original"]["sport"]
    found = [json.loads(line) for line in run("list", "-o", "json", option, str(port), TOUR).lines]
    assert [flow["original"]["sport"] for flow in found] == [port]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("-p quic", "'quic' is none of a number up to 255, icmp, tcp, udp"),
        ("-p 256", "'256' is none of a number up to 255"),
        ("-f ipx", "'ipx' is none of ipv4, ipv6, for which a plugin is loaded"),
        ("-s nonsense", "--src: 'nonsense' is no address that a loaded plugin knows"),
        ("--reply-dst 192.0.2.0/40", "--reply-dst: '192.0.2.0/40' is no address"),
    ],
)
def test_names_that_no_plugin_knows(words: str, named: str) -> None:
    done = run("list", *words.split(), TOUR)
    assert (done.status, done.out) == (2, "")
    assert named in done.err


@pytest.fixture(scope="module")
def net() -> Net:
    tracker = Conntrack(listen=False)
    with open_capture(str(TOUR)) as capture:
        tracker.replay(capture)
    return tracker.net


@pytest.fixture
def flow(net: Net) -> Conn:
    ct = next(iter(net.table))
    ct.mark, ct.zone, ct.status = 0, Zone(), int(Status.CONFIRMED)
    return ct


def passes(net: Net, ct: Conn, **given: Any) -> bool:
    test = Filter(given).bind(net)
    assert test is not None
    return test(ct)


@pytest.mark.parametrize(
    ("text", "mark", "passing"),
    [
        ("5", 5, True),
        ("5", 7, False),
        ("5/5", 7, True),
        ("0x2/0x2", 7, True),
        ("0x7/0x2", 7, False),  # the kernel compares the masked mark with the whole value
        ("0", 0, True),
        ("0/1", 6, True),
        ("4294967295", 0xFFFFFFFF, True),
    ],
)
def test_marks(net: Net, flow: Conn, text: str, mark: int, passing: bool) -> None:
    flow.mark = mark
    assert passes(net, flow, mark=read(mark_and_mask, text)) is passing


@pytest.mark.parametrize(
    ("text", "status", "passing"),
    [
        ("ASSURED", Status.ASSURED | Status.SEEN_REPLY, True),
        ("ASSURED,UNREPLIED", Status.ASSURED | Status.SEEN_REPLY, False),
        ("ASSURED,UNREPLIED", Status.ASSURED, True),
        ("FIXED_TIMEOUT", Status.FIXED_TIMEOUT, True),
        ("EXPECTED", Status.SEEN_REPLY, False),
        ("UNSET", Status.CONFIRMED | Status.HELPER, True),
        ("UNSET", Status.CONFIRMED | Status.EXPECTED, False),
        ("OFFLOAD", Status.OFFLOAD, True),
    ],
)
def test_status(net: Net, flow: Conn, text: str, status: Status, passing: bool) -> None:
    flow.status = int(status)
    assert passes(net, flow, status=read(status_bits, text)) is passing


@pytest.mark.parametrize(
    ("number", "zone", "passing"), [(9, Zone(9), True), (0, Zone(9), False), (9, Zone(9, dir=1), False)]
)
def test_zones(net: Net, flow: Conn, number: int, zone: Zone, passing: bool) -> None:
    flow.zone = zone
    assert passes(net, flow, zone=number) is passing


def test_no_filter_is_no_test(net: Net) -> None:
    assert Filter({"mark": None, "src": None}).bind(net) is None


def read(reader: Any, text: str) -> Any:
    """What the option's reader makes of a text."""
    return reader(click.Context(click.Command("x")), click.Option(["--it"]), text)
