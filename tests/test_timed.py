"""What the kernel said of captures with pauses in them, against ctcore: every flow ends when the kernel's ended."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ctcore.registry import Registry
from ctcore.sources import open_capture
from ctcore.verify.realtime import TOLERANCE
from ctcore.verify.recorded import Recording, compare_recorded, place
from ctcore.verify.sidebyside import Outcome, replay
from ctcore.verify.sides import Own
from tests.recorded.make import write_timed
from tests.test_cli import Run, run
from tests.timed.scenes import HERE, SCENES, Scene, check_ends, long, short

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

TIMES = [(make, name) for make in SCENES for name in make().sysctls if "time" in name and "timestamp" not in name]


def recording_of(scene: Scene) -> Path:
    return place(HERE, str(scene.capture))


@pytest.mark.parametrize("make", SCENES)
def test_the_kernel_had_said_the_same(make: Callable[[], Scene]) -> None:
    scene = make()
    outcome = compare_recorded(recording_of(scene), str(scene.capture))
    assert not outcome.comparison.differences, "\n".join(map(str, outcome.comparison.differences[:20]))
    ended = sum(len(talk.ends) for talk in scene.talks)
    fields = ("end", "end start", "end stop", "end tuples", "end status", "end counters")
    assert [outcome.comparison.tally[name].compared for name in fields] == [ended] * len(fields)


@pytest.mark.parametrize("make", SCENES)
def test_every_flow_ends_as_the_rules_say(make: Callable[[], Scene]) -> None:
    scene = make()
    check_ends(scene, recording_of(scene))


@pytest.mark.parametrize("make", SCENES)
def test_a_capture_is_what_the_scene_says(make: Callable[[], Scene], tmp_path: Path) -> None:
    scene = make()
    write_timed(tmp_path / "made", scene.packets())
    assert (tmp_path / "made").read_bytes() == scene.capture.read_bytes()


def against(scene: Scene, registry: Registry, **sysctls: int) -> Outcome:
    judge = Recording(recording_of(scene))
    with open_capture(str(scene.capture)) as source:
        return replay(source, judge, Own({**scene.sysctls, **sysctls}, registry), comparison=judge.comparison())


@pytest.mark.parametrize(("make", "name"), TIMES, ids=[f"{make.__name__} {name}" for make, name in TIMES])
@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_timeout_that_is_wrong_by_a_second_is_found(make: Callable[[], Scene], name: str, wrong: int) -> None:
    scene = make()
    outcome = against(scene, Registry.load(strict=True), **{name: scene.sysctls[name] + wrong})
    assert outcome.comparison.differences


@pytest.mark.plain
def test_a_wrong_rule_for_streams_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from ctcore_udp import l4proto

    monkeypatch.setattr(l4proto, "STREAM_AFTER", l4proto.STREAM_AFTER * 3 // 2)
    found = against(short(), Registry.load(strict=True)).comparison.differences
    assert {"status", "end stop", "end status"} <= {difference.field for difference in found}


def test_the_command_knows_that_pauses_were_kept() -> None:
    done = run("verify", "--recorded", HERE, short().capture, long().capture)
    assert (done.status, done.err) == (0, "")
    rows = {line[:32].rstrip(): line[32:].split() for line in done.lines}
    assert int(rows["end stop"][0]) > 40


def with_tracker(options: str = "") -> Run:
    """What ctcore says in another tracker's place, with more options of its own."""
    tracker = f"{shlex.quote(sys.executable)} -m ctcore trace -o json --set={{sysctl}} {options} {{capture}}"
    return run("verify", "--recorded", HERE, "--tracker", tracker, short().capture, long().capture)


def test_another_tracker_is_compared_with_the_same() -> None:
    done = with_tracker()
    assert (done.status, done.err) == (0, ""), done.out
    rows = {line[:32].rstrip(): line[32:].split() for line in done.lines}
    packets = sum(len(make().packets()) for make in SCENES)
    assert rows["ctinfo"] == rows["events"] == [str(packets)] * 2
    assert not any(name.startswith(("end", "table", "statistics")) for name in rows)


@pytest.mark.parametrize("name", ["nf_conntrack_udp_timeout", "nf_conntrack_tcp_timeout_syn_sent"])
def test_another_tracker_whose_flows_live_too_long_is_found(name: str) -> None:
    """A second is the rounding of what it prints, and here the timeout is two seconds longer."""
    done = with_tracker(f"--set={name}={short().sysctls[name] + 2}")
    assert (done.status, done.err) == (1, "")
    differ = {line[:32].rstrip() for line in done.lines if line.endswith(" differ")}
    assert {"events", "timeout"} <= differ


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--recorded", HERE], "--recorded goes without --record, --set, --helper, --real-time and --bpf"),
        (["--set", "nf_conntrack_timestamp=0"], "--real-time needs nf_conntrack_timestamp"),
    ],
)
def test_options_that_go_ill_together(words: list[str | Path], told: str) -> None:
    done = run("verify", "--real-time", *words, short().capture)
    assert (done.status, done.out) == (2, "")
    assert told in done.err


def test_the_manual_states_the_same_tolerance() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "verify.md").read_text(encoding="utf-8")
    assert f"{TOLERANCE / 1e9} seconds" in manual
