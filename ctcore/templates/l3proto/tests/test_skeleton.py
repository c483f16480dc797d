"""SKELETON: its packets are tracked, and no bytes whatever upset it."""

from __future__ import annotations

import pytest
from ctcore.testing.engine import Engine
from ctcore.testing.suite import L3ProtoSuite

from ctcore_skeleton import ETHERTYPE, HEADER

HERE, THERE = b"\x0a\0\1\2", b"\x0a\0\2\2"
OTHER = 250  # nobody tracks what such packets carry: a flow is a pair of hosts


def packet(source: bytes, dest: bytes, data: bytes = b"hello", hops: int = 9, length: int | None = None) -> bytes:
    """A packet, whose length may be a wrong one."""
    size = HEADER.size + len(data) if length is None else length
    return HEADER.build(source=source, dest=dest, length=size, protocol=OTHER, hops=hops) + data


class TestLaws(L3ProtoSuite):
    """The laws that every network layer protocol keeps. ``conversation`` are good packets: a first one, its answer."""

    name = "skeleton"
    ethertype = ETHERTYPE
    header = HEADER
    conversation = (packet(HERE, THERE), packet(THERE, HERE))


def test_a_flow(engine: Engine) -> None:
    assert engine.send(packet(HERE, THERE), ethertype=ETHERTYPE).state == "new"
    assert engine.send(packet(THERE, HERE), ethertype=ETHERTYPE).state == "established"
    assert engine.flow["original"]["src"] == "0a000102"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (packet(HERE, THERE, hops=0), "it may pass no more routers"),
        (packet(HERE, THERE, length=11), "it has 17 bytes and says 11"),
        (packet(HERE, THERE, length=18), "it has 17 bytes and says 18"),
        (b"short", "the header is not whole"),
    ],
)
def test_what_is_dropped(bad: bytes, reason: str, engine: Engine) -> None:
    result = engine.send(bad, ethertype=ETHERTYPE)
    assert (result.verdict.name, result.entry, result.reasons) == ("DROP", None, [reason])


def test_the_host_itself(engine: Engine) -> None:
    engine.net.add_local("0a000200/24")
    assert engine.send(packet(HERE, THERE, hops=0), ethertype=ETHERTYPE).state == "new"


@pytest.mark.parametrize("text", ["0a0001", "0a000102/33", "0a000102/-1", "0a000102/x", "here"])
def test_what_is_no_network(text: str, engine: Engine) -> None:
    assert engine.net.l3protos[ETHERTYPE].parse_network(text) is None
