"""ctcore beside itself: its commands, and what a plugin in plain Python costs."""

from __future__ import annotations

from collections.abc import Sequence

from measure import Program
from programs import BUILDS, CTCORE, LIBRARY, UNLIMITED

COMMANDS = {"count": ["count"], "list": ["list"], "events": ["events"], "trace -o json": ["trace", "-o", "json"]}
WAYS = {
    "library": [],
    "library, a Python observer": ["--observer"],
    "library, UDP as plain Python": ["--plain", "udp"],
    "library, TCP packets only": ["--bpf", "tcp"],
    "library, TCP packets only, UDP as plain Python": ["--bpf", "tcp", "--plain", "udp"],
}


def commands(builds: Sequence[str]) -> list[Program]:
    """Each command of each build, for a capture with ten packets a flow."""
    lines = {what: [*CTCORE, *words, *UNLIMITED] for what, words in COMMANDS.items()}
    return [_program(f"{what} ({build})", build, line, []) for build in builds for what, line in lines.items()]


def ways(builds: Sequence[str]) -> list[Program]:
    """The library with plugins of plain Python beside those of each build."""
    both = [(build, what) for build in builds for what in WAYS]
    return [_program(f"{what} ({build})", build, LIBRARY, WAYS[what]) for build, what in both]


def _program(name: str, build: str, line: Sequence[str], options: Sequence[str]) -> Program:
    return Program(
        name,
        "tracker",
        lambda job: [*line, str(job.part.path), *options],
        environment=BUILDS[build],
        wordy=True,
    )
