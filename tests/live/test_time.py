"""Time passes, in the kernel and in ctcore: flows expire, fragments are given up, rules that count seconds apply.

All conversations of a scene go on at once. What the two sides may differ in is ``ctcore.verify.realtime.TOLERANCE``.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ctcore.verify.realtime import Pace
from ctcore.verify.recorded import place
from tests.test_cli import run
from tests.timed.scenes import ENOUGH, check_ends, long, short

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")]


def test_kernel_and_ctcore_agree(tmp_path: Path) -> None:
    scene = short()
    begin = time.monotonic()
    outcome = scene.ask(tmp_path)
    assert time.monotonic() - begin >= scene.seconds
    assert not outcome.comparison.differences, "\n".join(map(str, outcome.comparison.differences[:20]))
    check_ends(scene, place(tmp_path, str(scene.capture)))


def command(tmp_path: Path) -> list[str | Path]:
    scene = long()
    settings = [word for name, value in scene.sysctls.items() for word in ("--set", f"{name}={value}")]
    return ["verify", "--real-time", "--record", tmp_path, *settings, scene.capture]


def test_the_command_agrees(tmp_path: Path) -> None:
    scene = long()
    for _ in range(ENOUGH):
        done = run(*command(tmp_path))
        if "the machine was busy" not in done.err:
            break
    assert done.status == 0, done.out + done.err
    assert done.lines[0] == f"{scene.capture}: {len(scene.packets())} packets, no difference"
    assert [line.split()[2:] for line in done.lines if line.startswith("end stop")] == [["2", "2"]]
    again = run("verify", "--recorded", tmp_path, scene.capture)
    assert again.out == done.out


@pytest.mark.plain
def test_a_planted_fault_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIN or RST out of the window cuts short what has two minutes left: here a second less would do."""
    from ctcore_tcp import decide

    monkeypatch.setattr(decide, "LINGERING", decide.LINGERING - 1_000_000_000)
    done = run(*command(tmp_path))
    assert done.status == 1
    differ = {line[:32].rstrip() for line in done.lines if line.endswith(" differ")}
    assert {"reasons", "timeout", "end"} <= differ


def test_packets_wait_until_they_are_due() -> None:
    pace = Pace()
    begin = time.monotonic()
    for when in (5.0, 5.1, 5.05, 5.2):
        pace.wait(round(when * 1e9))
    assert time.monotonic() - begin >= 0.2
