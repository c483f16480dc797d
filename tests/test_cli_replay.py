"""The commands that replay captures: what they print of the project's own captures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ctcore import Conntrack
from ctcore.formats import proc, text
from ctcore.registry import Registry
from ctcore.sources import open_capture
from tests.test_cli import CAPTURES, Run, run

pytestmark = pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6")

TOUR, DNS, HTTP = CAPTURES / "tour.pcap", CAPTURES / "dns.pcap", CAPTURES / "http.pcap"
SHOWN = re.compile(r"conntrack v1\.4\.7 \(conntrack-tools\): (\d+) flow (entries|events) have been shown\.\n")
TRACE_FIELDS = ["frame", "time_ns", "ctinfo", "direction", "verdict", "reasons", "entry", "events"]
ENTRY_FIELDS = [
    *("l3", "l3num", "l4", "l4num", "timeout", "state", "original", "reply", "status"),
    *("mark", "zone", "id", "helper", "master"),
]


def replayed(*captures: Path, **settings: int) -> Conntrack:
    tracker = Conntrack(sysctls=settings, listen=False)
    for capture in captures:
        with open_capture(str(capture)) as source:
            tracker.replay(source)
    return tracker


def objects(done: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.lines]


def shown(done: Run) -> int:
    match = SHOWN.fullmatch(done.err)
    assert match is not None, done.err
    return int(match[1])


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.pcap*")), ids=lambda path: path.name)
def test_list_is_the_table(capture: Path) -> None:
    net = replayed(capture).net
    done = run("list", capture)
    assert done.status == 0
    assert done.lines == [text.flow_line(ct, net.now) for ct in net.table]
    assert shown(done) == len(net.table)
    assert int(run("count", capture).out) == net.table.count
    assert run("list", "-o", "proc", capture).lines == [proc.flow_line(ct, net.now) for ct in net.table]


def test_list_has_a_known_line() -> None:
    done = run("list", "-p", "udp", "--dport", "7", "-o", "extended,id", TOUR)
    assert re.fullmatch(
        r"ipv4     2 udp      17 29 src=192\.0\.2\.10 dst=203\.0\.113\.80 sport=\d+ dport=7 "
        r"src=203\.0\.113\.80 dst=192\.0\.2\.10 sport=7 dport=\d+ mark=0 use=1 id=\d+\n",
        done.out,
    )


def test_list_as_xml() -> None:
    done = run("list", "-o", "xml", TOUR)
    root = ElementTree.fromstring(done.out)
    assert root.tag == "conntrack"
    assert len(root) == shown(done) > 0
    assert done.out.startswith('<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n<flow>')


def test_nothing_to_list_as_xml_is_nothing_at_all() -> None:
    done = run("list", "-o", "xml", "--sport", "1", TOUR)
    assert done.out == ""
    assert shown(done) == 0


def test_list_as_options() -> None:
    assert all(line.startswith("-A -t ") for line in run("list", "-o", "save", TOUR).lines)


def test_list_as_objects() -> None:
    for found, line in zip(objects(run("list", "-o", "json", TOUR)), run("list", TOUR).lines, strict=True):
        assert [*found][: len(ENTRY_FIELDS)] == ENTRY_FIELDS
        assert line.split()[:3] == [found["l4"], str(found["l4num"]), str(found["timeout"])]
        assert ("tcp" in found) == (found["l4"] == "tcp")


def test_counters_where_accounting_is_on() -> None:
    assert "packets=" not in run("list", HTTP).out
    assert "packets=" in run("list", "--set", "nf_conntrack_acct=1", HTTP).out
    assert "packets=" in run("list", "--set", "net.netfilter.nf_conntrack_acct=1", HTTP).out


def test_times_of_flows() -> None:
    done = run("list", "-o", "ktimestamp", "--set=nf_conntrack_timestamp=1", HTTP)
    assert re.search(r" delta-time=\d+ \[start=\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] use=1$", done.lines[0])


def test_several_captures_are_one_table() -> None:
    done = run("list", HTTP, DNS)
    net = replayed(HTTP, DNS).net
    assert done.lines == [text.flow_line(ct, net.now) for ct in net.table]


def test_a_capture_before_the_last_one_holds_time() -> None:
    done = run("count", DNS, HTTP)
    assert done.status == 0
    assert re.fullmatch(
        r"ctcore: \d+ packets are older than one before, by up to \d+\.\d{6} s: time was held .*\n", done.err
    )
    assert any("time went back" in line for line in run("trace", DNS, HTTP).lines)
    assert run("count", "--clock", "frozen", DNS, HTTP).err == ""


def test_bpf() -> None:
    assert {line.split()[0] for line in run("list", "--bpf", "udp", TOUR).lines} == {"udp"}


def test_what_the_host_itself_sends_needs_no_checksum(tmp_path: Path) -> None:
    data = bytearray(DNS.read_bytes())
    with open_capture(str(DNS), "udp") as source:
        _, _, query = next(source.packets())
    data[data.index(query) + len(query) - 1] ^= 1
    capture = tmp_path / "wrong.pcap"
    capture.write_bytes(data)
    words = ("trace", "-o", "json", "--bpf", "udp", capture)
    assert objects(run(*words))[0]["reasons"] == ["nf_ct_proto_17: bad checksum"]
    sent = objects(run(*words, "--local", "192.0.2.0/24"))[0]
    assert (sent["ctinfo"], sent["reasons"]) == ("new", [])


def test_a_setting_changes_the_answer() -> None:
    capture = CAPTURES / "udp.pcap"
    assert int(run("count", "--set", "nf_conntrack_udp_timeout=0", capture).out) < int(run("count", capture).out)


def test_a_frozen_clock_keeps_every_flow() -> None:
    options = ("count", "--set", "nf_conntrack_udp_timeout=0", CAPTURES / "udp.pcap")
    assert int(run(*options, "--clock", "frozen").out) > int(run(*options).out)


def test_without_a_plugin_its_packets_are_tracked_by_the_generic_one() -> None:
    done = run("list", "--no-plugin", "udp", DNS)
    assert done.status == 0
    assert any(line.startswith("unknown  17 ") for line in done.lines)


def test_without_any_transport_protocol_a_word_is_said() -> None:
    names = [info.name for info in Registry.load().loaded("l4proto")]
    done = run("count", *(f"--no-plugin={name}" for name in names), DNS)
    assert done.status == 0
    assert "pip install ctcore-tcp ctcore-udp ctcore-icmp" in done.err


def test_stats() -> None:
    line = run("stats", TOUR).out
    assert re.fullmatch(r"cpu=0   \tfound=0 invalid=\d+ insert=0 (\w+=\d+ ){7}\n", line)
    found = json.loads(run("stats", "-o", "json", TOUR).out)
    assert [*found][-3:] == ["expect_new", "expect_create", "expect_delete"]
    assert f"invalid={found['invalid']} " in line


def test_stats_of_a_full_table() -> None:
    found = json.loads(run("stats", "-o", "json", "--set", "nf_conntrack_max=1", TOUR).out)
    assert found["drop"] + found["early_drop"] > 0


def test_events() -> None:
    done = run("events", TOUR)
    assert shown(done) == len(done.lines)
    assert {line[:10].strip() for line in done.lines} == {"[NEW]", "[UPDATE]", "[DESTROY]"}


@pytest.mark.parametrize(
    ("mask", "tags"),
    [
        ("NEW", {"[NEW]"}),
        ("updates", {"[UPDATE]"}),
        ("NEW,DESTROY", {"[NEW]", "[DESTROY]"}),
        ("ALL", {"[NEW]", "[UPDATE]", "[DESTROY]"}),
    ],
)
def test_some_events(mask: str, tags: set[str]) -> None:
    assert {line[:10].strip() for line in run("events", "-e", mask, TOUR).lines} == tags


def test_events_with_a_filter() -> None:
    lines = run("events", "-e", "DESTROY", "-p", "tcp", "--state", "CLOSE", TOUR).lines
    assert len(lines) == 1
    assert lines[0].startswith("[DESTROY] tcp      6 ")


def test_events_with_their_times() -> None:
    assert all(
        re.match(r"\[\d{10}\.[\d ]{6}\]\t *\[\w+\] ", line) for line in run("events", "-o", "timestamp", DNS).lines
    )


def test_events_as_xml_and_options_and_objects() -> None:
    lines = run("events", DNS).lines
    tags = [line[:10].strip("[] ") for line in lines]
    root = ElementTree.fromstring(run("events", "-o", "xml", DNS).out)
    assert [flow.get("type", "").upper() for flow in root] == tags
    saved = [line[:2] for line in run("events", "-o", "save", DNS).lines]
    assert saved == [{"NEW": "-A", "UPDATE": "-U", "DESTROY": "-D"}[tag] for tag in tags]
    assert [found["type"] for found in objects(run("events", "-o", "json", DNS))] == tags


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.pcap*")), ids=lambda path: path.name)
def test_trace_as_objects(capture: Path) -> None:
    done = run("trace", "-o", "json", capture)
    assert done.status == 0
    found = objects(done)
    assert [packet["frame"] for packet in found] == list(range(1, len(found) + 1))
    with open_capture(str(capture)) as source:
        assert [packet["time_ns"] for packet in found] == [time for time, _, _ in source.packets()]
    for packet in found:
        assert [*packet] == TRACE_FIELDS
        assert packet["ctinfo"] in ("new", "established", "related", "invalid", "untracked", "none")
        assert packet["direction"] in ("original", "reply", None)
        assert packet["verdict"] in ("accept", "drop", "stolen")
        assert packet["reasons"] or packet["ctinfo"] not in ("invalid", "none")
        assert packet["entry"] is None or [*packet["entry"]][: len(ENTRY_FIELDS)] == ENTRY_FIELDS
        assert all([*event][:2] == ["type", "l3"] for event in packet["events"])


def test_trace_times_stay_the_capture_s_when_the_clock_is_frozen() -> None:
    times = [packet["time_ns"] for packet in objects(run("trace", "-o", "json", "--clock", "frozen", DNS))]
    assert times == [packet["time_ns"] for packet in objects(run("trace", "-o", "json", DNS))]
    assert times[0] < times[-1]


def test_trace_for_people() -> None:
    done = run("trace", TOUR)
    found = objects(run("trace", "-o", "json", TOUR))
    assert len(done.lines) == len(found)
    for line, packet in zip(done.lines, found, strict=True):
        assert line.split()[0] == str(packet["frame"])
        assert f" {packet['ctinfo']} " in line
        assert all(reason in line for reason in packet["reasons"])
        assert all(f"[{event['type']}" in line for event in packet["events"])
        assert ("STOLEN" in line) == (packet["verdict"] == "stolen")
    assert "udp 192.0.2.10:" in done.out
    assert re.search(r"icmp 192\.0\.2\.10 → 203\.0\.113\.80 type=8 code=0 id=\d+ +new +original", done.out)
    assert re.match(r"ctcore: \d+ packets: (\d+ \w+(, )?)+\n", done.err)


def test_trace_tells_the_flow_of_an_event_where_it_is_another_one() -> None:
    lines = run("trace", TOUR).lines
    assert any(re.search(r"\[DESTROY tcp 192\.0\.2\.10:\d+ → 203\.0\.113\.80:8099\]$", line) for line in lines)


def test_trace_with_a_filter_shows_packets_of_flows_that_pass() -> None:
    done = run("trace", "-o", "json", "-p", "udp", TOUR)
    assert {packet["entry"]["l4"] for packet in objects(done)} == {"udp"}
    assert done.err.endswith(f"; {len(done.lines)} shown\n")


def test_trace_counts_seconds_from_the_first_packet_even_if_it_is_not_shown() -> None:
    everything = run("trace", TOUR).lines
    assert {*run("trace", "-p", "udp", TOUR).lines} < {*everything}
    assert everything[0].split()[:2] == ["1", "0.000000"]


def test_trace_says_why_a_packet_is_invalid() -> None:
    done = run("trace", "--set", "nf_conntrack_tcp_loose=0", "--bpf", "tcp[13] & 2 == 0", HTTP)
    assert "nf_conntrack_tcp_loose is 0" in done.out
    assert " invalid " in done.out
