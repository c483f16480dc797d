"""SKELETON: what may come when, what it does to the flow, and that no bytes whatever upset it."""

from __future__ import annotations

import pytest
from ctcore.testing.engine import Engine
from ctcore.testing.packets import IPv4
from ctcore.testing.suite import L4ProtoSuite

from ctcore_skeleton import ANSWER, HEADER, IPPROTO_SKELETON, REQUEST

HOSTS = IPv4("192.0.2.1", "192.0.2.2")


def request(data: bytes = b"", kind: int = REQUEST) -> bytes:
    """A packet of the host that begins."""
    header = HEADER.build(source=1000, dest=7, kind=kind, length=HEADER.size + len(data))
    return HOSTS.packet(IPPROTO_SKELETON, header + data)


def answer(data: bytes = b"", kind: int = ANSWER) -> bytes:
    """A packet of the other one."""
    header = HEADER.build(source=7, dest=1000, kind=kind, length=HEADER.size + len(data))
    return HOSTS.back.packet(IPPROTO_SKELETON, header + data)


class TestLaws(L4ProtoSuite):
    """The laws that every transport protocol keeps. ``conversation`` are good packets: a first one and its answer."""

    name = "skeleton"
    header = HEADER
    conversation = (request(b"hello"), answer(b"you"))


def test_request_and_answer(engine: Engine) -> None:
    assert engine.send(request()).state == "new"
    assert (engine.state, engine.timeout, engine.packets) == ("ASKED", 30, (1, 0))
    assert engine.send(answer()).state == "established"
    assert (engine.state, engine.timeout, engine.packets) == ("ANSWERED", 120, (1, 1))
    assert "ASSURED" in engine.status
    engine.wait(121)
    assert engine.send(request()).state == "new"


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (request(), None),
        (answer(), "an answer that nobody asked for"),
        (request(kind=9), "kind 9"),
        (HOSTS.packet(IPPROTO_SKELETON, bytes(6)), "bad length"),
        (HOSTS.packet(IPPROTO_SKELETON, bytes(5)), "short packet"),
    ],
)
def test_the_first_packet(packet: bytes, reason: str | None, engine: Engine) -> None:
    result = engine.send(packet)
    assert result.reasons == ([] if reason is None else [f"nf_ct_proto_{IPPROTO_SKELETON}: {reason}"])
    assert result.state == ("new" if reason is None else "invalid")


def test_nobody_answers_himself(engine: Engine) -> None:
    engine.send(request())
    result = engine.send(request(kind=ANSWER))
    assert result.reasons == [f"nf_ct_proto_{IPPROTO_SKELETON}: kind {ANSWER} in the wrong direction"]
    assert engine.send(answer(kind=REQUEST)).state == "invalid"
