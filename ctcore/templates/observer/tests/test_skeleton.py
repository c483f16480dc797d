"""SKELETON: what it counts, and that nothing else changes by it."""

from __future__ import annotations

import pytest
from ctcore.testing.engine import Engine
from ctcore.testing.packets import IPv4
from ctcore.testing.suite import ObserverSuite

HOSTS = IPv4("192.0.2.1", "192.0.2.2")


class TestLaws(ObserverSuite):
    """The laws that every observer keeps. ``conversation`` are packets of a flow that it has something to say of."""

    name = "skeleton"
    conversation = (HOSTS.udp(1000, 53, b"?"), HOSTS.back.udp(53, 1000, b"!"))


def test_it_counts(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    flow = engine.udp_flow()
    flow.send(b"?")
    flow.reply(b"!")
    engine.send(b"garbage")
    engine.net.exit()
    said = capsys.readouterr().err.splitlines()
    assert "skeleton: 1 flows; packets: 1 ESTABLISHED_REPLY, 1 NEW, 1 no flow" in said
