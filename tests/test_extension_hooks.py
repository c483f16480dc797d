"""A third party's extension type: what it sees of the flows it chose, and where its figures appear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ctcore import Conn, EventKind, Fields, Packet, PluginError, Verdict, extension
from ctcore.formats import text
from ctcore.formats.lines import FORMATS
from ctcore.formats.output import PLAIN
from ctcore.sysctl import SECOND
from tests.toy import Do, ToyNet

CHOSEN = 1000  # the source port of the flows that it chooses


class Latency:
    """How long the first answer took: chosen flows alone."""

    name = "latency"

    def __init__(self) -> None:
        self.log: list[str] = []

    @extension
    def create(self, ct: Conn) -> dict[str, int] | None:
        return {"packets": 0} if ct.original[2:4] == CHOSEN.to_bytes(2, "big") else None

    @extension
    def packet(self, ct: Conn, data: dict[str, int], pkt: Packet, ctinfo: int, verdict: int) -> None:
        assert pkt.ctinfo == ctinfo
        data["packets"] += 1
        data.setdefault("first", pkt.now)
        if ctinfo == 3:
            data.setdefault("latency", pkt.now - data["first"])
        self.log.append(f"packet {Verdict(verdict).name}")

    @extension
    def event(self, ct: Conn, data: dict[str, int], kind: int, mask: int) -> None:
        self.log.append(EventKind(kind).name)

    @extension
    def dump(self, ct: Conn, data: dict[str, int]) -> Mapping[str, Any]:
        return {"packets": data["packets"], "seconds": data.get("latency", 0) / SECOND}

    @extension
    def column(self, ct: Conn, data: dict[str, int]) -> Fields:
        return (("latency", f"{data['latency'] // 1_000_000}ms"),) if "latency" in data else ()


def log_of(toy: ToyNet) -> list[str]:
    return next(slot.plugin.log for slot in toy.net.ext_types if slot.name == "latency")


def line(ct: Conn | None, toy: ToyNet, form: str = "text") -> str:
    assert ct is not None
    return FORMATS[form].flow_line(ct, toy.time, PLAIN)


def test_it_sees_the_packets_and_events_of_its_flows_alone() -> None:
    toy = ToyNet(("extension", Latency))
    toy.send(sport=CHOSEN)
    toy.send(sport=CHOSEN + 1)
    toy.reply(sport=CHOSEN)
    toy.reply(sport=CHOSEN + 1)
    toy.send(sport=CHOSEN, do=Do.INVALID)
    assert log_of(toy) == ["NEW", "packet ACCEPT", "UPDATE", "packet ACCEPT"]
    toy.sleep(20)
    assert log_of(toy)[4:] == ["DESTROY"]


def test_its_figures_appear() -> None:
    toy = ToyNet(("extension", Latency))
    chosen = toy.send(sport=CHOSEN).entry
    other = toy.send(sport=CHOSEN + 1).entry
    assert "latency" not in line(chosen, toy)
    toy.reply(sport=CHOSEN, after=0.25)
    assert line(chosen, toy).endswith(" use=1 latency=250ms")
    assert json.loads(line(chosen, toy, "json"))["ext"] == {"latency": {"packets": 2, "seconds": 0.25}}
    assert "ext" not in json.loads(line(other, toy, "json"))
    assert line(other, toy).endswith(" use=1")
    assert chosen is not None
    assert text.event_line(EventKind.DESTROY, chosen, 1 << 2, toy.time).endswith(" latency=250ms")
    assert "latency" not in line(chosen, toy, "save") + line(chosen, toy, "xml")


def test_nobody_pays_for_what_nobody_uses(toy: ToyNet) -> None:
    assert (toy.net.packet_observers, toy.net.ext_shown) == ([], [])
    assert len(toy.net.notifier.listeners) == 1, "that of the test's own Conntrack"


def test_a_type_that_hears_events_makes_flows_tell_them() -> None:
    toy = ToyNet(("extension", Latency), listen=False)
    toy.send(sport=CHOSEN)
    assert log_of(toy) == ["NEW", "packet ACCEPT"]


class Broken(Latency):
    """It fails in one hook."""

    fails = ""

    @extension
    def packet(self, ct: Conn, data: dict[str, int], pkt: Packet, ctinfo: int, verdict: int) -> None:
        if self.fails == "packet":
            raise ValueError("oh")

    @extension
    def event(self, ct: Conn, data: dict[str, int], kind: int, mask: int) -> None:
        if self.fails == "event":
            raise ValueError("oh")

    @extension
    def dump(self, ct: Conn, data: dict[str, int]) -> Mapping[str, Any]:
        raise ValueError("oh")

    @extension
    def column(self, ct: Conn, data: dict[str, int]) -> Fields:
        raise ValueError("oh")


@pytest.mark.parametrize("hook", ["packet", "event", "dump", "column"])
def test_a_fault_is_named_and_harms_nothing(hook: str) -> None:
    toy = ToyNet(("extension", type("Broken", (Broken,), {"fails": hook})), strict=False)
    result = toy.send(sport=CHOSEN)
    assert (result.state, result.reasons, result.verdict) == ("new", [], Verdict.ACCEPT)
    shown = line(result.entry, toy, "json" if hook == "dump" else "text")
    assert "latency=" not in shown
    assert toy.net.faults.counts["extension plugin latency of this program"] >= 1


def test_where_plugins_are_strict_it_is_raised() -> None:
    toy = ToyNet(("extension", type("Broken", (Broken,), {"fails": "packet"})), listen=False)
    with pytest.raises(PluginError, match="extension plugin latency of this program failed: ValueError: oh"):
        toy.send(sport=CHOSEN)
