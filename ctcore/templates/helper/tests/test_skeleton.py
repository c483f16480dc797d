"""SKELETON: which lines announce a connection, and that no words whatever upset it."""

from __future__ import annotations

import pytest
from ctcore import Registry
from ctcore.testing.engine import Engine
from ctcore.testing.flows import TcpFlow
from ctcore.testing.suite import HelperSuite

from ctcore_skeleton import Skeleton


class TestLaws(HelperSuite):
    """The laws that every helper keeps. ``talk`` is a conversation with whose last words a connection is announced."""

    name = "skeleton"

    def talk(self, flow: TcpFlow) -> None:
        flow.reply(b"PORT 6000\r\n")


@pytest.fixture
def engine(registry: Registry) -> Engine:
    """ctcore with the helper on flows to its port, as ``ctcore list --helper skeleton`` has it."""
    return Engine(registry, helpers=["skeleton"])


@pytest.mark.parametrize(("line", "port"), [(b"PORT 1\n", 1), (b"PORT 65535\r\n", 65535)])
def test_the_server_announces(line: bytes, port: int, engine: Engine) -> None:
    flow = engine.tcp_flow(Skeleton.port)
    assert flow.reply(line).reasons == []
    (exp,) = engine.expectations
    assert (exp.tuple.dst, exp.tuple.dst_u) == (exp.master.tuple(0).dst, port.to_bytes(2, "big"))


def test_the_client_announces(engine: Engine) -> None:
    engine.tcp_flow(Skeleton.port).send(b"PORT 7000\r\n")
    (exp,) = engine.expectations
    assert exp.tuple.dst == exp.master.tuple(0).src


@pytest.mark.parametrize("line", [b"PORT 0\r\n", b"PORT 65536\r\n", b"PORT 6000", b"port 1\n", b"so PORT 1\n", b""])
def test_nothing_is_announced(line: bytes, engine: Engine) -> None:
    engine.tcp_flow(Skeleton.port).reply(line)
    assert engine.expectations == []
