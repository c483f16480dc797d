"""Helpers and expectations on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import ctcore.cli.session
from ctcore import Conn, ExpectPolicy, Registry, helper
from ctcore.formats import expects, proc
from ctcore.formats.stats import expect_cpu_line
from tests.test_cli import CAPTURES, Run, run
from tests.test_cli_replay import objects, replayed

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "ftp", "irc")

FTP, IRC, TFTP = CAPTURES / "ftp.pcap", CAPTURES / "irc.pcap", CAPTURES / "tftp.pcap"
EXPECT_FIELDS = [
    *("l3", "l3num", "l4", "l4num", "timeout", "expected", "mask", "master", "flags", "class", "zone", "helper"),
]


def with_helper(command: str, name: str, *more: str | Path) -> Run:
    done = run(command, "--helper", name, *more)
    assert done.status == 0, done.err
    return done


@pytest.mark.parametrize("name", ["ftp", "ftp:tcp", "ftp:tcp:21"])
def test_data_connections_are_related(name: str) -> None:
    flows = objects(with_helper("list", name, "-o", "json", FTP))
    control = {json.dumps(flow["original"]) for flow in flows if flow["helper"] == "ftp"}
    data = [flow for flow in flows if flow["original"]["dport"] != 21]
    assert len(data) == 8
    assert all("EXPECTED" in flow["status"] for flow in data)
    assert {json.dumps(flow["master"]) for flow in data} <= control


@pytest.mark.plugins("tftp")
@pytest.mark.parametrize(("name", "capture", "channels"), [("ftp", FTP, 8), ("tftp", TFTP, 3)])
def test_each_data_channel_of_real_programs_begins_related(name: str, capture: Path, channels: int) -> None:
    """vsftpd and curl; atftpd and curl, with one file that is not there."""
    packets = objects(with_helper("trace", name, "-o", "json", capture))
    begun = [packet for packet in packets if "NEW" in [event["type"] for event in packet["events"]]]
    data = [packet for packet in begun if packet["entry"]["helper"] is None]
    assert len(data) == channels
    assert {packet["ctinfo"] for packet in data} == {"related"}
    control = [packet["entry"]["original"] for packet in begun if packet["entry"]["helper"] == name]
    assert all(packet["entry"]["master"] in control for packet in data)


def test_without_the_option_there_is_no_helper() -> None:
    flows = objects(run("list", "-o", "json", FTP))
    assert {flow["helper"] for flow in flows} == {None}
    assert not any("EXPECTED" in flow["status"] for flow in flows)
    assert run("count", "--expect", FTP).out == "0\n"


def test_another_port_is_another_port() -> None:
    assert "helper=" not in with_helper("list", "ftp:tcp:2121", FTP).out


def test_the_sysctl_of_old_kernels() -> None:
    done = run("list", "--set", "nf_conntrack_helper=1", "--dport", "21", FTP)
    assert done.lines
    assert all("helper=ftp" in line for line in done.lines)


def test_a_trace_tells_what_is_expected() -> None:
    lines = with_helper("trace", "ftp", FTP).lines
    assert [line for line in lines if re.search(r"\[EXP_NEW tcp 203\.0\.113\.80:0 .+ 192\.0\.2\.10:\d+\]$", line)]
    assert [
        line for line in lines if re.search(r" related +original +SYN_SENT .*\[EXP_DESTROY tcp .*\] \[NEW\]$", line)
    ]


def test_a_list_of_expectations() -> None:
    tracker = replayed(IRC)
    assert tracker.net.expectations.count == 0
    done = with_helper("list", "irc", "--expect", IRC)
    assert len(done.lines) == 1
    assert re.fullmatch(
        r"\d+ proto=6 src=0\.0\.0\.0 dst=192\.0\.2\.10 sport=0 dport=5003 "
        r"mask-src=0\.0\.0\.0 mask-dst=255\.255\.255\.255 sport=0 dport=65535 "
        r"master-src=192\.0\.2\.10 master-dst=203\.0\.113\.80 sport=\d+ dport=6667 class=0 helper=irc",
        done.lines[0],
    )
    assert done.err == "conntrack v1.4.7 (conntrack-tools): 1 expectations have been shown.\n"


def test_in_every_format() -> None:
    line = with_helper("list", "irc", "--expect", IRC).lines
    for word in ("save", "id", "extended", "ktimestamp"):
        assert with_helper("list", "irc", "--expect", "-o", word, IRC).lines == line, "as in conntrack"
    (told,) = with_helper("list", "irc", "--expect", "-o", "proc", IRC).lines
    assert re.fullmatch(r"\d+ l3proto = 2 proto=6 src=0\.0\.0\.0 dst=192\.0\.2\.10 sport=0 dport=5003 irc", told)
    xml = with_helper("list", "irc", "--expect", "-o", "xml", IRC).out
    assert xml.startswith(expects.XML_OPENING + "\n<flow><layer3 ")
    assert xml.endswith(expects.XML_CLOSING + "\n")
    (found,) = objects(with_helper("list", "irc", "--expect", "-o", "json", IRC))
    assert list(found) == EXPECT_FIELDS
    assert (found["expected"]["dport"], found["mask"]["src"], found["helper"]) == (5003, "0.0.0.0", "irc")


def test_an_empty_list() -> None:
    done = run("list", "--expect", "-o", "xml", FTP)
    assert (done.status, done.out) == (0, "")
    assert done.err.endswith(": 0 expectations have been shown.\n")


@pytest.mark.parametrize("words", [["--expect"], ["-o", "expect"]], ids=" ".join)
def test_events_of_expectations(words: list[str]) -> None:
    done = with_helper("events", "ftp", *words, FTP)
    kinds = [line[:9].strip() for line in done.lines]
    assert kinds == ["[NEW]", "[DESTROY]"] * 8
    assert all(line.endswith(" class=0 helper=ftp") for line in done.lines)
    assert done.err == "conntrack v1.4.7 (conntrack-tools): 16 expectation events have been shown.\n"


def test_events_of_expectations_in_other_formats() -> None:
    timed = with_helper("events", "ftp", "-o", "expect,timestamp", "-e", "NEW", FTP).lines
    assert len(timed) == 8
    assert all(re.match(r"\[\d+ *\.\d+ *\]\t    \[NEW\] 300 proto=6 ", line) for line in timed)
    found: list[dict[str, Any]] = objects(with_helper("events", "ftp", "-o", "expect,json", FTP))
    assert [list(one) for one in found] == [["type", *EXPECT_FIELDS]] * 16
    xml = with_helper("events", "ftp", "-o", "expect,xml", FTP).lines
    assert xml[:2] == expects.XML_OPENING.splitlines()
    assert xml[2].startswith('<flow type="new">')


def test_counters_and_count() -> None:
    assert with_helper("count", "irc", "--expect", IRC).out == "1\n"
    done = with_helper("stats", "irc", "--expect", IRC)
    assert done.out == "cpu=0   \texpect_new=2 expect_create=3 expect_delete=2 \n"
    assert (
        with_helper("stats", "irc", "-o", "json", IRC).out
        == with_helper("stats", "irc", "--expect", "-o", "json", IRC).out
    )
    assert expect_cpu_line(replayed(IRC).net.stat) == "cpu=0   \texpect_new=0 expect_create=0 expect_delete=0 "


@pytest.mark.parametrize("command", ["list", "events"])
def test_filters_are_for_flows(command: str) -> None:
    done = run(command, "--expect", "-p", "tcp", FTP)
    assert (done.status, done.out) == (2, "")
    assert "filters look at flows" in done.err


@pytest.mark.parametrize("command", ["list", "events", "stats", "count", "trace", "verify"])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("fpt", "no helper is named 'fpt': did you mean ftp?"),
        ("ftp:udp", "the helper ftp works over tcp, not over 'udp'"),
        ("ftp:tcp:x", "a port is a number from 0 to 65535, not 'x'"),
    ],
)
def test_a_helper_that_cannot_be_given(command: str, given: str, sentence: str) -> None:
    done = run(command, "--helper", given, FTP)
    assert (done.status, done.out, done.err) == (1, "", f"ctcore: {sentence}\n")


def test_two_helpers_for_one_port() -> None:
    done = run("count", "--helper", "ftp", "--helper", "irc:tcp:21", FTP)
    assert (done.status, done.err) == (1, "ctcore: tcp port 21 has the helper ftp already\n")


class Broken:
    name, l3num, l4num, port = "broken", 2, 6, 21
    policies = (ExpectPolicy(1, 1),)

    @helper
    def help(self, ct: Conn) -> int:
        raise ValueError("a fault")


def test_a_helper_that_raises_is_named_and_everything_passes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*args: Any, **kwargs: Any) -> Registry:
        registry = Registry.load()
        registry.add("helper", Broken, "broken", "ctcore-broken", "9")
        return registry

    plain = run("list", FTP)
    monkeypatch.setattr(ctcore.cli.session, "load_plugins", load)
    done = run("list", "--helper", "broken", FTP)
    assert done.status == 1
    assert [line.replace(" helper=broken", "") for line in done.lines] == plain.lines
    first, *_, last = done.err.splitlines()
    assert first == "ctcore: helper plugin broken of ctcore-broken 9 failed: ValueError: a fault"
    assert re.fullmatch(r"ctcore: helper plugin broken of ctcore-broken 9 failed at \d+ packets, which passed on", last)


def test_the_lines_are_those_of_the_formats() -> None:
    tracker = replayed()
    tracker.net.helpers.assign("irc")
    from ctcore.sources import open_capture

    with open_capture(str(IRC)) as source:
        tracker.replay(source)
    (exp,) = tracker.net.expectations
    now = tracker.net.now
    assert with_helper("list", "irc", "--expect", IRC).lines == [expects.text_line(exp, now)]
    assert with_helper("list", "irc", "--expect", "-o", "proc", IRC).lines == [proc.expect_line(exp, now)]
