"""What is worked out from runs, and what is made of the output of peers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import programs
import pytest
import report
from captures import Part
from figures import growth, own, plugin_cost, times_faster
from measure import Job, Program, Series, Totals, compared, in_turn


@pytest.fixture
def part(tmp_path: Path) -> Part:
    path = tmp_path / "any.pcap"
    path.write_bytes(b"")
    return Part(path, {"packets": 10, "octets": 1000, "flows": 2}, 2)


def job(part: Part, tmp_path: Path) -> Job:
    return Job(part, tmp_path)


def series(program: str, cpu: list[float], packets: int = 1000, memory: int = 0) -> Series:
    return Series(program, "tracker", packets, cpu, cpu, [memory] * len(cpu), status="agrees")


def says(text: str, name: str = "a program") -> Program:
    return Program(name, "tracker", lambda job: [sys.executable, "-c", f"print({text!r})"], programs._three)


def test_totals_that_differ_are_told(part: Part) -> None:
    good, bad = in_turn([says("10 1000 2", "good"), says("10 999 3", "bad")], {"good": part, "bad": part}, 2, 0)
    assert good.status == "agrees"
    assert len(good.cpu) == 2
    assert bad.status == "999 bytes instead of 1,000; 3 flows instead of 2"
    result: Any = {"peers": {"full": [asdict(good), asdict(bad)]}}
    assert report.disagreements(result) == ["bad: 999 bytes instead of 1,000; 3 flows instead of 2"]


def test_a_program_that_fails_is_told_and_left_out(part: Part) -> None:
    broken = Program("broken", "tracker", lambda job: [sys.executable, "-c", "import sys; sys.exit('no such luck')"])
    absent = Program("absent", "tracker", lambda job: ["/nonexistent/program"])
    found = in_turn([broken, absent], {"broken": part, "absent": part}, 1, 0)
    assert [one.ran for one in found] == [False, False]
    assert found[0].status == "ended with status 1, saying: no such luck"
    assert "No such file" in found[1].status


def test_peak_memory_is_the_programs_own(part: Part) -> None:
    ballast = bytearray(200 << 20)
    (one,) = in_turn([says("10 1000 2")], {"a program": part}, 1, 0)
    assert one.peak < len(ballast) // 4


def test_what_a_program_does_not_tell_is_not_compared() -> None:
    assert compared((5, None, None), (5, 100, 2)) == "agrees"
    assert compared((None, None, 3), (5, 100, 2)) == "3 flows instead of 2"


def test_ratios_pair_the_rounds() -> None:
    ours, theirs = series("a", [1.0, 2.0, 4.0]), series("b", [4.0, 8.0, 8.0], packets=2000)
    assert times_faster(ours, theirs) == 2.0


def test_growth_leaves_the_opening_out() -> None:
    def step(flows: int, whole: float, memory: int) -> dict[str, Any]:
        rows = series("a", [whole], 3000, memory), series("a", [1.0], 1000)
        return {"flows": flows, "variant": "snapped", "whole": [asdict(rows[0])], "opening": [asdict(rows[1])]}

    found = list(growth({"growth": [step(100, 1.2, 5000), step(1100, 1.4, 905_000)]}, "snapped"))
    assert [(name, flows, round(time), size) for name, flows, time, size in found] == [
        ("a", 100, 100_000, None),
        ("a", 1100, 200_000, 900.0),
    ]


SOFTFLOWD = """\
Packets processed: 200000
Flows expired: 2148 (0 forced)
   flushed =      2148

Per-protocol statistics:     Octets      Packets   Avg Life    Max Life
           icmp (1):         504000         6000      12.80s      80.52s
            tcp (6):      131727345       170000       1.22s      53.04s
           udp (17):       14767656        24000       0.78s      64.68s
"""
NFPCAPD = "Ident: 'none' Flows: 9000, Packets: 150000, Bytes: 100\nIdent: 'none' Flows: 700, Packets: 50000, Bytes: 9\n"
TCPTRACE = """\
  1: 10.0.1.3:45827 - 198.18.8.57:443 (a2b)       7>    8<  (complete)
 12: 10.0.1.14:48671 - 198.18.0.98:443 (c2d)     16>   23<  (complete)
200000 packets seen, 170000 TCP packets traced
"""
TSHARK = """\
UDP Conversations
10.0.1.3:60640 <-> 198.18.1.9:8801   1969 1284 kB   1341 863 kB   3310 2148 kB   16.975259000   64.6771
10.0.1.2:42857 <-> 198.18.0.82:8801    998 646 bytes   660 438 bytes  1658 1084 bytes  28.377774000   33.5653
"""


@pytest.mark.parametrize(
    ("reader", "printed", "expected"),
    [
        (programs._softflowd, SOFTFLOWD, (200_000, 146_999_001, 2148)),
        (programs._nfpcapd, NFPCAPD, (200_000, 109, 9700)),
        (programs._tcptrace, TCPTRACE, (200_000, None, 2)),
        (programs._tshark, TSHARK, (4968, None, 2)),
        (programs._three, "a warning\n1 2 3\n", (1, 2, 3)),
    ],
)
def test_totals_of_peers(reader: Any, printed: str, expected: Totals, part: Part, tmp_path: Path) -> None:
    assert reader(job(part, tmp_path), printed) == expected


def test_the_table_replaces_what_is_between_the_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [asdict(series(programs.COMPILED, [0.5], memory=20_000_000)), asdict(series("slow", [5.0], memory=1))]
    machine = {"processor": "one", "kernel": "6", "python": "3", "date": "today", "repeat": "1"}
    result = {"machine": machine, "missing": {"other": "not installed"}, "quick": False, "peers": {"full": rows}}
    file, readme = tmp_path / "result.json", tmp_path / "README.md"
    file.write_text(json.dumps(result))
    readme.write_text("before\n<!-- benchmark -->\nold\n<!-- /benchmark -->\nafter\n")
    monkeypatch.setattr(sys, "argv", ["report.py", str(file), "--readme", str(readme)])
    report.main()
    text = readme.read_text()
    assert text.startswith("before\n<!-- benchmark -->\n| program |")
    assert text.endswith("<!-- /benchmark -->\nafter\n")
    assert "old" not in text
    assert "| slow | tracker | 0.2 | 10x |  | 0 |" in text
    assert "Missing: other (not installed)." in text
    readme.write_text("no marks")
    with pytest.raises(SystemExit, match="has no lines"):
        report.main()


def test_what_a_plain_plugin_costs() -> None:
    def of(what: str, cpu: float) -> dict[str, Any]:
        return asdict(series(f"{what} (a build)", [cpu]))

    alone, beside = of("library", 1.0), of("library, UDP as plain Python", 1.5)
    tcp, tcp_beside = of("library, TCP packets only", 0.5), of("library, TCP packets only, UDP as plain Python", 0.5)
    result = {"own": {"commands": [], "ways": [alone, beside, tcp, tcp_beside], "udp": 100}}
    assert plugin_cost(result) == {"a build": pytest.approx(5_000_000)}
    shares = {what: round(share, 2) for (what, _), (_, share) in own(result).items()}
    assert shares == {
        "library": 1.0,
        "library, UDP as plain Python": 0.67,
        "library, TCP packets only": 1.0,
        "library, TCP packets only, UDP as plain Python": 1.0,
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [("ctcore 1.0 (compiled)", True), ("ctcore 1.0 (plain Python)", False), ("ctcore 1.0, not compiled", False)],
)
def test_which_build_runs(said: str, expected: bool) -> None:
    assert programs.compiled(said) is expected
