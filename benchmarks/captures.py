"""The captures of the benchmark: made by make_capture.py where they are missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIANTS: Mapping[str, int | None] = {"snapped": 96, "full": None}
"""Bytes that are kept of a packet."""

HEAD = 10
"""A program too slow for a whole capture is given the first one of so many packets."""


class Failure(Exception):
    """Something that the benchmark needs could not be had; the message is one sentence."""


@dataclass(frozen=True)
class Part:
    """One file: a capture, its opening or its head, whole or snapped.

    truth: what a program should count in it, see ``totals`` in make_capture.py. flows: of the whole capture.
    """

    path: Path
    truth: Mapping[str, int]
    flows: int


@dataclass(frozen=True)
class CaptureFile:
    """A capture by its path without suffix, and the totals of its parts: "", ".open", ".head"."""

    name: Path
    totals: Mapping[str, Mapping[str, int]]

    def part(self, variant: str, part: str = "") -> Part:
        """Return a file of this capture."""
        snaplen = VARIANTS[variant]
        cut = "" if snaplen is None else f".s{snaplen}"
        path = self.name.with_name(f"{self.name.name}{part}{cut}.pcap")
        return Part(path, self.totals[part], self.totals[""]["flows"])


def capture(directory: Path, packets: int, flows: int, seed: int, live: bool) -> CaptureFile:
    """Return the capture asked for, made now unless it is there; Failure where it cannot be made."""
    name = directory / f"{'live' if live else 'mixed'}-p{packets}-f{flows}-r{seed}"
    about = name.with_name(name.name + ".json")
    if not about.exists():
        directory.mkdir(parents=True, exist_ok=True)
        script = Path(__file__).with_name("make_capture.py")
        options = [f"--packets={packets}", f"--flows={flows}", f"--seed={seed}", f"--snaplen={VARIANTS['snapped']}"]
        part = "--live" if live else f"--head={packets // HEAD}"
        made = subprocess.run([sys.executable, script, name, *options, part], stdout=subprocess.DEVNULL)
        if made.returncode:
            raise Failure(f"the capture {name} could not be made")
    return CaptureFile(name, json.loads(about.read_text())["totals"])
