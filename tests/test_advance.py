"""Time that passes without a packet."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from ctcore import Conntrack
from ctcore.sources import open_capture
from ctcore.testing.captures import write_pcap
from ctcore.testing.packets import IPv4

pytestmark = pytest.mark.plugins("ipv4", "udp")

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
CLIENT = IPv4("10.0.1.2", "10.0.2.2")


def test_flows_die_at_their_time_and_say_so() -> None:
    conntrack = Conntrack(sysctls={"nf_conntrack_timestamp": 1})
    conntrack.feed(CLIENT.udp(1, 53), START)
    conntrack.feed(CLIENT.udp(2, 53), START + SECOND)
    assert conntrack.advance(START + 30 * SECOND - 1) == []
    (event,) = conntrack.advance(START + 30 * SECOND)
    assert (event["type"], event["original"]["sport"], event["timeout"]) == ("DESTROY", 1, 0)
    assert event["timestamp"] == {"start": START, "stop": START + 30 * SECOND}
    assert len([*conntrack.flows()]) == 1
    (event,) = conntrack.advance(START + 100 * SECOND)
    assert event["timestamp"]["stop"] == START + 31 * SECOND
    assert [*conntrack.flows()] == []


def test_a_living_flow_has_no_stop_and_without_timestamps_there_are_none() -> None:
    with_times, without = Conntrack(sysctls={"nf_conntrack_timestamp": 1}), Conntrack()
    (new,) = with_times.feed(CLIENT.udp(1, 53), START).events
    assert new["timestamp"] == {"start": START}
    (new,) = without.feed(CLIENT.udp(1, 53), START).events
    assert "timestamp" not in new


def test_time_does_not_go_back() -> None:
    conntrack = Conntrack()
    conntrack.feed(CLIENT.udp(1, 53), START)
    assert conntrack.advance(START - 100 * SECOND) == []
    assert conntrack.net.now == START
    assert conntrack.feed(CLIENT.udp(1, 53), START).reasons == []


def test_an_event_belongs_to_one_packet_of_one_capture(tmp_path: Path) -> None:
    """Each capture numbers its packets from 1: what packet 1 of one caused, packet 1 of the next one did not."""
    path = tmp_path / "one.pcap"
    file = BytesIO()
    write_pcap(file, [(START, CLIENT.udp(1, 53))])
    path.write_bytes(file.getvalue())
    conntrack, told = Conntrack(), []
    for _ in range(2):
        with open_capture(str(path)) as capture:
            conntrack.replay(capture, lambda number, verdict: told.append(conntrack.result(verdict).events))
    assert [[event["type"] for event in events] for events in told] == [["NEW"], []]
