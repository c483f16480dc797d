"""SKELETON: its figures, and that nothing else changes by them."""

from __future__ import annotations

from ctcore.formats.text import flow_line
from ctcore.testing.engine import Engine
from ctcore.testing.packets import IPv4
from ctcore.testing.suite import ExtensionSuite

HOSTS = IPv4("192.0.2.1", "192.0.2.2")


class TestLaws(ExtensionSuite):
    """The laws that every extension type keeps. ``conversation`` are packets of a flow that it has figures for."""

    name = "skeleton"
    conversation = (HOSTS.udp(1000, 53, b"?"), HOSTS.back.udp(53, 1000, b"!"))


def test_the_first_answer_counts(engine: Engine) -> None:
    flow = engine.udp_flow()
    flow.send(b"?")
    assert engine.flow["ext"]["skeleton"] == {"latency": None}
    assert "latency" not in flow_line(engine.entry, engine.now)
    engine.wait(0.25)
    flow.reply(b"!")
    engine.wait(3)
    flow.reply(b"!")
    assert engine.flow["ext"]["skeleton"] == {"latency": 0.25}
    assert flow_line(engine.entry, engine.now).endswith(" latency=250.000ms")
