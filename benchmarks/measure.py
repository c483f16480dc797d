"""Make the captures of the benchmark where they are missing, and measure one command on one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

SNAPLEN = 96


class Failure(Exception):
    """A capture could not be made, or the measured command failed; the message is one sentence."""


@dataclass(frozen=True)
class CaptureFile:
    """A capture of make_capture.py, by its path without suffix; opening: packets that open its flows."""

    name: Path
    packets: int
    flows: int
    opening: int

    def path(self, snaplen: int | None, opening: bool = False) -> Path:
        """Return the file: whole packets or cut ones, the whole capture or its opening."""
        part = ".open" if opening else ""
        cut = "" if snaplen is None else f".s{snaplen}"
        return self.name.with_name(f"{self.name.name}{part}{cut}.pcap")


@dataclass(frozen=True)
class Figures:
    """Medians of several runs: wall-clock and processor seconds, peak memory in bytes; what was printed."""

    seconds: float
    cpu: float
    memory: int
    output: str


def capture(directory: Path, packets: int, flows: int, seed: int, live: bool) -> CaptureFile:
    """Return the capture asked for, made now unless it is there; Failure where it cannot be made."""
    name = directory / f"{'live' if live else 'mixed'}-p{packets}-f{flows}-r{seed}"
    about = name.with_name(name.name + ".json")
    if not about.exists():
        directory.mkdir(parents=True, exist_ok=True)
        script = Path(__file__).with_name("make_capture.py")
        options = [f"--packets={packets}", f"--flows={flows}", f"--seed={seed}", f"--snaplen={SNAPLEN}"]
        made = subprocess.run([sys.executable, script, name, *options, *["--live"] * live], stdout=subprocess.DEVNULL)
        if made.returncode:
            raise Failure(f"the capture {name} could not be made")
    return CaptureFile(name, packets, flows, json.loads(about.read_text())["opening"])


def measure(command: list[str], path: Path, repeat: int) -> Figures:
    """Run the command on the capture several times and return the medians; Failure where it fails."""
    _into_page_cache(path)
    runs = [_run([*command, str(path)]) for _ in range(repeat)]
    return Figures(
        median(run.seconds for run in runs),
        median(run.cpu for run in runs),
        int(median(run.memory for run in runs)),
        runs[-1].output,
    )


def _run(command: list[str]) -> Figures:
    """Run one process to its end. Its peak memory counts only where it exceeds this small process's own."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            said = (errors.read().strip().splitlines() or ["nothing"])[-1]
            raise Failure(f"{' '.join(command)} ended with status {process.returncode}, saying: {said}")
        return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output.read().strip())


def _into_page_cache(path: Path) -> None:
    with open(path, "rb", buffering=0) as file:
        block = bytearray(1 << 20)
        while file.readinto(block):
            pass
