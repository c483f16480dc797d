"""The whole benchmark on small captures, with no peer at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from programs import builds

BENCHMARKS = Path(__file__).parent.parent


def program(name: str, *words: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
    # The benchmark's programs import what lies beside them, which tox forbids for the sake of the other tests.
    environment = {**os.environ, "PYTHONSAFEPATH": "", "PATH": os.environ["PATH"] if path is None else path}
    command = [sys.executable, str(BENCHMARKS / name), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What run.py wrote where nothing but Python is installed."""
    directory = tmp_path_factory.mktemp("bench")
    file = directory / "result.json"
    words = "--quick", "--json", file, "--directory", directory / "captures", "--peers-python", sys.executable
    done = program("run.py", *words, path=str(directory / "nothing"))
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(file.read_text())
    found["file"], found["printed"] = file, done.stdout
    return found


def test_what_is_not_installed_is_named(result: dict[str, Any]) -> None:
    for name in ("softflowd", "nfpcapd", "argus", "Suricata", "tcptrace", "tshark -z conv", "the kernel itself"):
        assert name in result["missing"]
        assert f"missing: {name}: " in result["printed"] or f"\n{name}: " in result["printed"]
    assert "no C compiler" in result["missing"]["bare hash table in C"]


def test_every_build_counts_what_the_capture_holds(result: dict[str, Any]) -> None:
    here = {name for name, problem in builds().items() if problem is None}
    assert here
    for variant in ("snapped", "full"):
        rows = {row["program"]: row for row in result["peers"][variant]}
        for name in here:
            assert rows[name]["status"] == "agrees"
            packets, octets, flows = rows[name]["counted"]
            assert (packets, flows) == (20_000, 400)
            assert octets > 500 * packets


def test_every_way_of_use_is_measured(result: dict[str, Any]) -> None:
    commands = [row["program"].partition(" (")[0] for row in result["own"]["commands"]]
    assert list(dict.fromkeys(commands)) == ["count", "list", "events", "trace -o json"]
    assert all(row["cpu"] and row["printed"] for section in ("commands", "ways") for row in result["own"][section])
    assert [step["flows"] for step in result["growth"]] == [100, 400]


def test_the_chart_is_drawn_and_the_readme_is_left_alone(result: dict[str, Any], tmp_path: Path) -> None:
    chart, readme = tmp_path / "chart.svg", tmp_path / "README.md"
    assert program("report.py", result["file"], "--chart", chart).returncode == 0
    assert "ctcore, plain Python" in chart.read_text()
    readme.write_text("<!-- benchmark -->\n<!-- /benchmark -->\n")
    done = program("report.py", result["file"], "--readme", readme)
    assert done.returncode == 1
    assert "--quick mean nothing" in done.stderr
    assert readme.read_text() == "<!-- benchmark -->\n<!-- /benchmark -->\n"
