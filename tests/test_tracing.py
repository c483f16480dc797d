"""CTCORE_TRACE: what each packet called, in order; and nothing at all without it."""

from __future__ import annotations

from typing import Any

import pytest

from ctcore import Conn, Packet, l4proto
from ctcore.tracing import Tracer, describe
from ctcore.vtable import VTable
from tests.toy import Do, Toy4, ToyNet


class Asking(Toy4):
    """It asks itself something in the middle of its work."""

    name, l4num = "asking", 252

    def __init__(self) -> None:
        super().__init__()
        self.net: Any = None

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        if pkt.buf[dataoff + 4] == Do.INVALID:
            raise ValueError("do not ask")
        ct.l4.print_tuple(b"\0\1\0\2")
        return 1

    @l4proto
    def sysctls(self) -> tuple[()]:
        return ()


def traced(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **packet: Any) -> list[str]:
    monkeypatch.setenv("CTCORE_TRACE", "1")
    toy = ToyNet(("l4proto", Asking), strict=False)
    toy.send(proto=252, **packet)
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.splitlines()


def test_the_callbacks_of_a_packet_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = traced(monkeypatch, capsys)
    assert lines[:5] == [
        "packet 1: 9 bytes at 1000.000000 s",
        "  l3proto toy3.rcv(pkt=pkt) -> 1",
        "  l3proto toy3.get_l4proto(pkt=pkt, nhoff=0) -> (4, 252)",
        "  l3proto toy3.pkt_to_tuple(pkt=pkt, nhoff=0) -> 0102",
        "  l4proto asking.pkt_to_tuple(pkt=pkt, dataoff=4) -> 03e80050",
    ]
    assert "  extension ecache.create(ct=flow 1, tmpl=None) -> EventCache" in lines
    at = lines.index("  l4proto asking.packet(ct=flow 1, pkt=pkt, dataoff=4, ctinfo=NEW)")
    assert lines[at + 1 : at + 4] == [
        "    l4proto asking.print_tuple(u=00010002) -> (('sport', 1), ('dport', 2))",
        "    -> 1",
        "  l3proto toy3.route(pkt=pkt) -> 2",
    ]


def test_an_exception_is_told_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = traced(monkeypatch, capsys, do=Do.INVALID)
    assert "  l4proto asking.packet(ct=flow 1, pkt=pkt, dataoff=4, ctinfo=NEW) raised ValueError: do not ask" in lines


@pytest.mark.parametrize("value", [None, "", "0"])
def test_without_it_hooks_are_the_bare_methods(
    value: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CTCORE_TRACE", raising=False)
    if value is not None:
        monkeypatch.setenv("CTCORE_TRACE", value)
    toy = ToyNet()
    slot = toy.net.l4protos[253]
    assert slot.packet == slot.plugin.packet
    toy.send()
    assert capsys.readouterr().err == ""


def test_a_wrapper_is_seen_from_outside() -> None:
    said: list[str] = []

    class Around:
        @l4proto(wrapper=True)
        def new(self) -> Any:
            return not (yield)

    table = VTable("l4proto", tracer=Tracer(said.append))
    plugin = Toy4()
    table.register(plugin)
    table.register(Around())
    new = table.bind(plugin, "new")
    assert new is not None
    assert new(None, type("P", (), {"buf": bytes(9)}), 0) is False
    assert len(said) == 2
    assert said[0].startswith("l4proto toy4.new(ct=None, pkt=")
    assert said[1] == " -> False\n"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ctinfo", 4, "RELATED_REPLY"),
        ("ctinfo", 99, "99"),
        ("verdict", 0, "DROP"),
        ("kind", 2, "DESTROY"),
        ("", Do.INVALID, "INVALID"),
        ("u", b"", "b''"),
        ("u", bytes(30), "00" * 24 + "..."),
        ("", object(), "object"),
        ("data", [1, 2], "[1, 2]"),
    ],
)
def test_values_in_a_few_words(name: str, value: Any, told: str) -> None:
    assert describe(name, value) == told
