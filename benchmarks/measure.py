"""Run programs in turn on one core, again and again, and keep what each run took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from captures import Failure, Part

LIMIT = 60.0
"""Seconds of processor time that the counted runs of one program on one file may take together, but for the first."""
TIMEOUT = 1800.0
"""Seconds after which a run is given up."""
LAUNCHER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]

Totals = tuple[int | None, int | None, int | None]
"""Packets, bytes of IP packets, flows; None for what a program does not tell."""


@dataclass(frozen=True)
class Job:
    """What a program is to do: read a part of a capture; scratch: an empty directory for what it writes."""

    part: Part
    scratch: Path


def truth(part: Part) -> Totals:
    """What the capture holds."""
    return part.truth["packets"], part.truth["octets"], part.truth["flows"]


def silent(job: Job, printed: str) -> Totals:
    """The totals of a program that tells none."""
    return None, None, None


@dataclass(frozen=True)
class Program:
    """A program that is measured.

    kind: what sort of program it is. command: its command line. totals: what it counted, from what it printed and
    wrote. expects, why: what it should count, by its own notion of a flow, and that notion where it is not conntrack's.
    missing: why it cannot run here, or None. environment: added to this process's.

    slow: is given the head of a capture. whole: throws packets away of which a capture kept only part, so that it is
    given whole ones. grows: is measured with more and more flows too. wordy: prints much, to /dev/null when counted.
    """

    name: str
    kind: str
    command: Callable[[Job], Sequence[str]]
    totals: Callable[[Job, str], Totals] = silent
    expects: Callable[[Part], Totals] = truth
    why: str = ""
    missing: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    whole: bool = False
    grows: bool = False
    wordy: bool = False


@dataclass
class Series:
    """The counted runs of one program on one file: seconds of processor time and by the clock, peak bytes.

    status: "agrees" with the totals that are expected, how it does not, or why it did not run at all. why: its notion
    of a flow. printed: bytes of output.
    """

    program: str
    kind: str
    packets: int
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    counted: Totals = (None, None, None)
    status: str = ""
    why: str = ""
    printed: int = 0

    @property
    def ran(self) -> bool:
        """Whether there are figures."""
        return bool(self.cpu)

    @property
    def rate(self) -> float:
        """Packets a second of processor time."""
        return self.packets / median(self.cpu)

    @property
    def peak(self) -> int:
        """Bytes of memory at most."""
        return int(median(self.memory))


def run(program: Program, part: Part, core: int, series: Series, check: bool = False) -> float:
    """Run a program once, add the run to the series, and return its processor time; Failure where it fails."""
    with tempfile.TemporaryDirectory() as scratch:
        job = Job(part, Path(scratch))
        output = Path(os.devnull) if program.wordy and not check else job.scratch / "printed"
        command = [*LAUNCHER, str(core), str(output), *program.command(job)]
        environment = {**os.environ, **program.environment}
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Failure(f"did not end within {TIMEOUT:.0f} s") from None
        used = json.loads(done.stdout)
        if used["status"]:
            said = ((output.read_text(errors="replace") + done.stderr).strip().splitlines() or ["nothing"])[-1]
            raise Failure(f"ended with status {used['status']}, saying: {said}")
        if check:
            series.printed = output.stat().st_size
            printed = "" if program.wordy else output.read_text(errors="replace")
            series.counted = program.totals(job, printed)
    series.cpu.append(used["cpu"])
    series.wall.append(used["wall"])
    series.memory.append(used["memory"])
    return float(used["cpu"])


def in_turn(programs: Sequence[Program], parts: Mapping[str, Part], repeat: int, core: int) -> list[Series]:
    """Measure each program on its part of a capture, ``repeat`` rounds of all; parts: by the program's name.

    Each round begins with another program. A first one, which compares totals, is not counted, but for a program that
    takes longer than LIMIT; one that takes long has fewer rounds.
    """
    found = {one.name: Series(one.name, one.kind, parts[one.name].truth["packets"]) for one in programs}
    rounds: dict[str, int] = {}
    for program in programs:
        series, part = found[program.name], parts[program.name]
        into_page_cache(part.path)
        try:
            took = run(program, part, core, series, check=True)
        except Failure as failure:
            series.status = str(failure)
            continue
        series.status, series.why = compared(series.counted, program.expects(part)), program.why
        rounds[program.name] = repeat if took * repeat <= LIMIT else int(LIMIT / took)
        if rounds[program.name]:
            for runs in (series.cpu, series.wall, series.memory):
                runs.clear()
    for number in range(repeat):
        turn = number % max(len(programs), 1)
        for program in [*programs[turn:], *programs[:turn]]:
            if number < rounds.get(program.name, 0):
                try:
                    run(program, parts[program.name], core, found[program.name])
                except Failure as failure:
                    found[program.name].status = f"in round {number + 1}: {failure}"
    return list(found.values())


def compared(counted: Totals, expected: Totals) -> str:
    """Say whether totals agree, as far as the program tells them."""
    names = "packets", "bytes", "flows"
    differ = [
        f"{have:,} {name} instead of {want:,}"
        for name, have, want in zip(names, counted, expected, strict=True)
        if None not in (have, want) and have != want
    ]
    return "; ".join(differ) or "agrees"


def into_page_cache(path: Path) -> None:
    """Read a file, so that no run has to wait for the disk."""
    with open(path, "rb", buffering=0) as file:
        block = bytearray(1 << 20)
        while file.readinto(block):
            pass
