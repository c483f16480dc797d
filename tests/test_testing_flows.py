"""The packets of a conversation fit together, and the engine tells what came of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctcore import CaptureError, Registry, Status
from ctcore.testing.engine import SECOND, START, Engine
from ctcore.testing.fixtures import Converse
from ctcore.testing.live import LiveKernel
from ctcore.testing.packets import IPv4, payload_of

CAPTURES = Path(__file__).parent / "captures"

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp")


def test_a_tcp_connection_from_beginning_to_end(engine: Engine) -> None:
    flow = engine.tcp_flow(21)
    assert flow.syn().state == "new"
    assert flow.syn_ack().direction == "reply"
    assert flow.ack().state == "established"
    assert engine.state == "ESTABLISHED"
    for number in range(3):
        assert flow.reply(b"220 hi\r\n" * number).reasons == []
        assert flow.send(b"USER me\r\n" * number).reasons == []
        assert flow.reply_ack().reasons == []
    assert engine.packets == (5, 7)
    assert flow.close().reasons == []
    assert engine.state == "TIME_WAIT"
    assert engine.count("invalid") == 0


def test_data_opens_the_connection(engine: Engine) -> None:
    result = engine.tcp_flow(21).reply(b"220 hi\r\n")
    assert (result.state, result.direction) == ("established", "reply")
    assert engine.packets == (2, 2)
    assert "ASSURED" in engine.status


@pytest.mark.parametrize("end", ["rst", "reply_rst"])
def test_a_connection_that_is_aborted(end: str, engine: Engine) -> None:
    flow = engine.tcp_flow()
    flow.send(b"hello")
    flow.reply_ack()
    assert getattr(flow, end)().reasons == []
    assert engine.state == "CLOSE"


def test_the_numbers_go_round(engine: Engine) -> None:
    flow = engine.tcp_flow()
    flow.seq = [2**32 - 3, 2**32 - 1]
    for _ in range(3):
        assert flow.send(b"hello").reasons == []
        assert flow.reply(b"you").reasons == []
    assert flow.seq == [(2**32 - 3 + 1 + 15) % 2**32, 9]


def test_a_packet_that_is_wrong_on_purpose(engine: Engine) -> None:
    flow = engine.tcp_flow()
    flow.open()
    assert flow.send(b"hello", check=1).reasons == ["nf_ct_proto_6: bad checksum"]
    assert flow.reply_ack(seq=900_000).state == "invalid"


def test_datagrams(engine: Engine) -> None:
    flow = engine.udp_flow(69, IPv4("192.0.2.1", "192.0.2.2"), sport=7)
    assert flow.send(b"read").state == "new"
    assert flow.reply(b"data").state == "established"
    assert [payload_of(packet)[8:] for packet in engine.sent] == [b"read", b"data"]
    assert engine.flow["original"] == {
        "src": "192.0.2.1",
        "dst": "192.0.2.2",
        "sport": 7,
        "dport": 69,
        "packets": 1,
        "bytes": 32,
    }
    assert flow.send(b"x", length=7).state == "invalid"


def test_the_clock_is_the_tests(engine: Engine) -> None:
    engine.udp_flow().send()
    assert (engine.now, engine.timeout, len(engine.entries)) == (START, 30, 1)
    engine.wait(12.5)
    assert engine.timeout == 17.5
    engine.now = START + 31 * SECOND
    engine.udp_flow(sport=9).send()
    assert len(engine.entries) == 1
    assert engine.expectations == []


def test_a_capture_is_replayed_as_trace_tells_it(engine: Engine) -> None:
    seen = engine.replay(CAPTURES / "dns.pcap")
    assert [packet["frame"] for packet in seen] == list(range(1, len(seen) + 1))
    first = next(packet for packet in seen if packet["ctinfo"] != "none")
    assert (first["ctinfo"], first["entry"]["l4"], first["events"][0]["type"]) == ("new", "udp", "NEW")
    assert engine.now == seen[-1]["time_ns"]
    assert all(entry.status & Status.CONFIRMED for entry in engine.entries)
    with pytest.raises(CaptureError):
        engine.replay(CAPTURES / "nosuch.pcap")


def test_a_conversation_is_an_engine(converse: Converse) -> None:
    talk = converse(nf_conntrack_udp_timeout=5)
    assert isinstance(talk, Engine)
    talk.client.udp()
    assert talk.timeout == 5


@pytest.mark.kernel
@pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")
def test_the_running_kernel_is_asked(live_kernel: LiveKernel) -> None:
    engine = Engine(live_kernel.registry)
    flow = engine.tcp_flow(8080)
    flow.send(b"hello")
    flow.reply(b"you")
    flow.send(b"hello", check=1)
    live_kernel.agrees(engine.sent)
    live_kernel.agrees(CAPTURES / "dns.pcap", {"nf_conntrack_udp_timeout": 17})


@pytest.mark.kernel
@pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")
def test_a_difference_is_an_assertion(live_kernel: LiveKernel) -> None:
    other = LiveKernel(Registry.load(without=["udp"]))
    with pytest.raises(AssertionError, match="packet 1: "):
        other.agrees([IPv4("10.0.1.2", "10.0.2.2").udp(1, 2)])
