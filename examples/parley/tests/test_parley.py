"""PARLEY: which lines announce a meeting, and that no words whatever upset it."""

from __future__ import annotations

import pytest
from ctcore import Registry, Verdict
from ctcore.testing.engine import Engine
from ctcore.testing.flows import TcpFlow
from ctcore.testing.suite import HelperSuite

from ctcore_parley import Parley, meetings


class TestLaws(HelperSuite):
    """The laws that every helper keeps."""

    name = "parley"

    def talk(self, flow: TcpFlow) -> None:
        flow.reply(b"HELLO\r\n")
        flow.send(b"HELLO\r\n")
        flow.reply(b"MEET UDP 7000\r\nMEET TCP 6000\r\n")


@pytest.fixture
def engine(registry: Registry) -> Engine:
    """ctcore with the helper on flows to its port, as ``ctcore list --helper parley`` has it."""
    return Engine(registry, helpers=["parley"])


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"MEET TCP 1\n", [(0, 6, 1)]),
        (b"meet udp 99\r\n", [(1, 17, 99)]),
        (b"HELLO\nMEET TCP 1\nMEET TCP 2\n", [(0, 6, 1), (0, 6, 2)]),
        (b"MEET TCP 99999\n", [(0, 6, 99999)]),
        (b"MEET TCP 1", []),
        (b"MEET TCP 0\n", []),
        (b"MEET TCP  1\n", []),
        (b"MEET SCTP 1\n", []),
        (b"we MEET TCP 1\n", []),
        (b"", []),
    ],
)
def test_lines(payload: bytes, found: list[tuple[int, int, int]]) -> None:
    assert list(meetings(payload)) == found


def test_the_two_meet(engine: Engine) -> None:
    talk = engine.tcp_flow(Parley.port)
    talk.reply(b"MEET TCP 6000\r\n")
    master = engine.entry
    meeting = engine.tcp_flow(6000, sport=50000)
    came = meeting.syn()
    assert (came.state, came.direction) == ("related", "original")
    assert engine.entry.master is master
    assert meeting.syn_ack().state == "established"
    assert engine.expectations == []


def test_the_client_may_say_where(engine: Engine) -> None:
    talk = engine.tcp_flow(Parley.port)
    talk.send(b"MEET UDP 7000\r\n")
    assert engine.udp_flow(7000, hosts=talk.hosts).send(b"the wrong way").state == "new"
    assert engine.udp_flow(7000, hosts=talk.hosts.back).send(b"hello").state == "related"


def test_a_meeting_that_nobody_comes_to(engine: Engine) -> None:
    engine.tcp_flow(Parley.port).reply(b"MEET UDP 7000\r\n")
    engine.wait(10)
    assert engine.udp_flow(7000).send(b"late").state == "new"


def test_the_oldest_of_too_many_goes(engine: Engine) -> None:
    engine.tcp_flow(Parley.port).reply(b"MEET TCP 1\nMEET TCP 2\nMEET TCP 3\n")
    assert sorted(int.from_bytes(exp.tuple.dst_u, "big") for exp in engine.expectations) == [2, 3]


@pytest.mark.parametrize(("strict", "verdict"), [(0, Verdict.ACCEPT), (1, Verdict.DROP)])
def test_an_impossible_port(strict: int, verdict: Verdict, engine: Engine) -> None:
    engine.net.sysctl["nf_conntrack_parley.strict"] = strict
    result = engine.tcp_flow(Parley.port).reply(b"MEET TCP 65536\r\n")
    assert (result.verdict, result.reasons) == (verdict, ["nf_ct_parley: there is no port 65536"])
    assert engine.expectations == []
