"""The control connection, packet by packet: what is expected after which line, and what is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from ctcore import Conntrack, Registry, Result, Verdict
from ctcore.testing.flows import HOSTS, TcpFlow

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "ftp")

NOW = 1_700_000_000_000_000_000
PORT = b"PORT 10,0,1,2,4,210\r\n"
PASSIVE = b"227 Entering Passive Mode (10,0,2,2,4,210)\r\n"


class Ftp:
    """A control connection on which both sides have said a line, so that what comes next is read."""

    def __init__(self, registry: Registry, greeting: bool = True, loose: int = 0) -> None:
        self.tracker = Conntrack(registry, {"nf_conntrack_ftp.loose": loose}, helpers=["ftp"])
        self.flow = TcpFlow(self.feed, HOSTS, 40000, 21)
        if greeting:
            self.flow.reply(b"220 hello\r\n")
            self.flow.send(b"USER me\r\n")

    def feed(self, packet: bytes) -> Result:
        return self.tracker.feed(packet, NOW)

    @property
    def expected(self) -> list[dict[str, Any]]:
        """What is expected: source, destination and destination port."""
        return [
            {"src": exp.tuple.src, "dst": exp.tuple.dst, "dport": int.from_bytes(exp.tuple.dst_u, "big")}
            for exp in self.tracker.net.expectations
        ]


@pytest.fixture
def ftp(registry: Registry) -> Ftp:
    return Ftp(registry)


CLIENT, SERVER = HOSTS.addresses[:4], HOSTS.addresses[4:]


def test_active(ftp: Ftp) -> None:
    result = ftp.flow.send(PORT)
    assert (result.verdict, result.reasons) == (Verdict.ACCEPT, [])
    assert [event["type"] for event in result.events] == ["EXP_NEW"]
    assert ftp.expected == [{"src": SERVER, "dst": CLIENT, "dport": 1234}]
    data = ftp.feed(HOSTS.back.tcp(20, 1234, "S"))
    assert data.state == "related"
    assert data.entry is not None
    assert data.entry.master is not None
    assert data.entry.master.tuple(0).dst_u == b"\0\x15"
    assert ftp.expected == []


def test_passive(ftp: Ftp) -> None:
    ftp.flow.reply(PASSIVE)
    assert ftp.expected == [{"src": CLIENT, "dst": SERVER, "dport": 1234}]
    assert ftp.feed(HOSTS.tcp(50000, 1234, "S")).state == "related"
    assert ftp.feed(HOSTS.tcp(50001, 1234, "S")).state == "new", "one connection for an announcement"


@pytest.mark.parametrize("line", [b"EPRT |1|10.0.1.2|1234|\r\n", PORT])
def test_extended_active(ftp: Ftp, line: bytes) -> None:
    ftp.flow.send(line)
    assert ftp.expected == [{"src": SERVER, "dst": CLIENT, "dport": 1234}]


def test_extended_passive(ftp: Ftp) -> None:
    ftp.flow.reply(b"229 Entering Extended Passive Mode (|||1234|)\r\n")
    assert ftp.expected == [{"src": CLIENT, "dst": SERVER, "dport": 1234}]


def test_there_is_one_data_connection_at_a_time(ftp: Ftp) -> None:
    ftp.flow.send(PORT)
    result = ftp.flow.send(PORT.replace(b"210", b"211"))
    assert [event["type"] for event in result.events] == ["EXP_DESTROY", "EXP_NEW"]
    assert [exp["dport"] for exp in ftp.expected] == [1235]


def test_without_the_helper_nothing_happens(registry: Registry) -> None:
    tracker = Conntrack(registry)
    flow = TcpFlow(lambda packet: tracker.feed(packet, NOW), HOSTS, 40000, 21)
    flow.reply(b"220 hello\r\n")
    flow.send(b"x\r\n")
    flow.send(PORT)
    assert tracker.net.expectations.count == 0


def test_the_first_payload_of_a_side_is_not_read(registry: Registry) -> None:
    ftp = Ftp(registry, greeting=False)
    ftp.flow.send(PORT)
    assert ftp.expected == []
    ftp.flow.send(PORT)
    assert len(ftp.expected) == 1


def test_a_payload_is_read_where_a_line_begins(ftp: Ftp) -> None:
    ftp.flow.send(b"half a line")
    ftp.flow.send(PORT)
    assert ftp.expected == [], "it is the end of that line"
    ftp.flow.send(PORT)
    assert len(ftp.expected) == 1


def test_a_line_that_comes_again_is_read_again(ftp: Ftp) -> None:
    seq = ftp.flow.seq[0]
    ftp.flow.send(PORT)
    result = ftp.flow.send(PORT, seq=seq)
    assert [event["type"] for event in result.events] == ["EXP_DESTROY", "EXP_NEW"]


def test_a_line_split_over_two_segments_is_dropped_until_it_comes_whole(ftp: Ftp) -> None:
    seq = ftp.flow.seq[0]
    half = ftp.flow.send(PORT[:12])
    assert (half.verdict, half.reasons) == (Verdict.DROP, ["nf_ct_ftp: dropping packet: partial matching of `PORT'"])
    assert half.ctinfo is not None
    rest = ftp.flow.send(PORT[12:])
    assert rest.verdict == Verdict.ACCEPT
    assert ftp.expected == []
    ftp.flow.send(PORT, seq=seq)
    assert len(ftp.expected) == 1


def test_the_end_of_a_dropped_line_is_not_remembered(ftp: Ftp) -> None:
    ftp.flow.send(b"PORT 1\n")
    ftp.flow.send(PORT)
    assert ftp.expected == []


@pytest.mark.parametrize("line", [b"PORT 10,0,9,9,4,210\r\n", b"EPRT |1|10.0.9.9|1234|\r\n"])
def test_another_hosts_address_is_expected_by_loose_helpers_alone(registry: Registry, line: bytes) -> None:
    strict = Ftp(registry)
    result = strict.flow.send(line)
    assert (result.verdict, len(result.reasons), strict.expected) == (Verdict.ACCEPT, 1, [])
    loose = Ftp(registry, loose=1)
    loose.flow.send(line)
    assert loose.expected == [{"src": SERVER, "dst": bytes((10, 0, 9, 9)), "dport": 1234}]


def test_what_another_control_connection_expects_is_not_taken_away(ftp: Ftp) -> None:
    ftp.flow.send(PORT)
    other = TcpFlow(ftp.feed, HOSTS, 40001, 21)
    other.send(b"USER you\r\n")
    result = other.send(PORT)
    assert result.verdict == Verdict.DROP
    assert result.reasons == [
        "the flow cannot be expected: EBUSY",
        "nf_ct_ftp: dropping packet: cannot add expectation",
    ]
    assert len(ftp.expected) == 1


def test_segments_without_data_and_resets_are_left_alone(ftp: Ftp) -> None:
    for result in (ftp.flow.ack(), ftp.flow.reply_ack(), ftp.flow.fin(), ftp.flow.reply_rst()):
        assert (result.verdict, result.reasons) == (Verdict.ACCEPT, [])


def test_an_icmp_error_about_the_connection_is_left_alone(ftp: Ftp) -> None:
    quoted = HOSTS.back.tcp(21, 40000, "PA", ftp.flow.seq[1], ftp.flow.seq[0], data=PASSIVE)
    result = ftp.feed(HOSTS.icmp_error(3, 4, quoted[:28]))
    assert (result.state, result.verdict, ftp.expected) == ("related", Verdict.ACCEPT, [])


def test_what_the_capture_cut_short_is_not_read(ftp: Ftp) -> None:
    """The line may go on: it is no partial match, and nothing is announced."""
    packet = HOSTS.tcp(40000, 21, "PA", ftp.flow.seq[0], ftp.flow.seq[1], data=PORT)
    result = ftp.tracker.feed(packet[:-8], NOW, wire_length=len(packet))
    assert (result.verdict, ftp.expected) == (Verdict.ACCEPT, [])
    assert result.reasons == ["only part of the packet was captured: the helper ftp cannot look at it"]


def test_what_it_knows_of_a_flow(ftp: Ftp) -> None:
    ct = next(ftp.tracker.flows())
    slot = ftp.tracker.net.helpers.find("ftp", 2, 6)
    assert slot is not None
    assert slot.print_private(ct) == {"line_starts": [[ftp.flow.seq[0]], [ftp.flow.seq[1]]]}
