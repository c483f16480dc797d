"""Recordings: a kernel's answers to a capture in a file, so that any machine can compare with them, without root.

A recording is gzip with a JSON object in each line: a header (the format's number, the capture's name and SHA-256, the
filter, the kernel, the sysctls and the helpers), an account of each packet as ``trace -o json`` prints it, and what
there was after the last packet, under the name ``final``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ctcore.errors import CaptureError, CtcoreError
from ctcore.registry import Registry
from ctcore.sources import open_capture
from ctcore.verify.realtime import TimedComparison
from ctcore.verify.sidebyside import FullComparison, Outcome, replay
from ctcore.verify.sides import Judge, Own, Record

FORMAT: Final = 1
SUFFIX: Final = ".jsonl.gz"
_dumps: Final = json.JSONEncoder(separators=(",", ":")).encode


def place(folder: str | Path, capture: str) -> Path:
    """The file below ``folder`` for the recording of ``capture``."""
    return Path(folder) / (Path(capture).name + SUFFIX)


class Recorder:
    """A judge that notes what another one says; ``save`` writes it. ``real_time``: the pauses are kept."""

    def __init__(
        self,
        judge: Judge,
        capture: str,
        sysctls: Mapping[str, int],
        bpf: str | None = None,
        helpers: Iterable[str] = (),
        real_time: bool = False,
    ) -> None:
        self._judge = judge
        system = os.uname()
        self._lines = [
            _dumps(
                {
                    "recording": FORMAT,
                    "capture": Path(capture).name,
                    "sha256": _digest(capture),
                    "bpf": bpf,
                    "kernel": f"{system.sysname} {system.release} {system.machine}",
                    "sysctls": dict(sysctls),
                    "helpers": list(helpers),
                    "real_time": real_time,
                }
            )
        ]

    def account(self, packet: bytes, ethertype: int) -> Record:
        """What the other judge says of the next packet."""
        return self._noted(self._judge.account(packet, ethertype))

    def final(self) -> Record:
        """What the other judge says after the last packet."""
        found = self._judge.final()
        self._noted({"final": found})
        return found

    def save(self, path: Path) -> None:
        """Write the recording, all of it or nothing. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        data = "".join(f"{line}\n" for line in self._lines).encode()
        try:
            unfinished.write_bytes(gzip.compress(data, mtime=0))
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def _noted(self, record: Record) -> Record:
        self._lines.append(_dumps(record))
        return record


class Recording:
    """A judge that says again what was recorded.

    ``kernel`` names the kernel that was asked, ``sysctls``, ``bpf`` and ``helpers`` are what it was made with,
    ``real_time`` says whether the capture's pauses were kept. Raises CtcoreError for a file that cannot be read or is
    no recording.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._records = self._read()
        header = next(self._records, {})
        if header.get("recording") != FORMAT:
            raise CtcoreError(f"{self.path}: no recording of ctcore verify, or one of another format")
        self.kernel: str = header["kernel"]
        self.sysctls: dict[str, int] = header["sysctls"]
        self.bpf: str | None = header["bpf"]
        self.helpers: list[str] = header.get("helpers", [])
        self.real_time: bool = header.get("real_time", False)
        self._digest: str = header["sha256"]

    def comparison(self) -> FullComparison:
        """A new comparison, of the kind that the recording is for."""
        return TimedComparison() if self.real_time else FullComparison()

    def check(self, capture: str) -> None:
        """Raises CtcoreError where the recording was made of another capture."""
        if _digest(capture) != self._digest:
            raise CtcoreError(f"{self.path}: a recording of another capture than {capture}")

    def account(self, packet: bytes, ethertype: int) -> Record:
        """What the kernel said of the next packet. Raises CtcoreError where nothing is left."""
        return self._next("frame")

    def final(self) -> Record:
        """What the kernel said after the last packet. Raises CtcoreError where packets are left."""
        found: Record = self._next("final")["final"]
        self._records.close()
        return found

    def _next(self, name: str) -> Record:
        record = next(self._records, {})
        if name not in record:
            raise CtcoreError(f"{self.path}: damaged: it does not have as many packets as its capture")
        return record

    def _read(self) -> Generator[dict[str, Any], None, None]:
        try:
            with gzip.open(self.path, "rt", encoding="utf-8") as file:
                yield from map(json.loads, file)
        except (gzip.BadGzipFile, EOFError, zlib.error, ValueError):
            raise CtcoreError(f"{self.path}: no recording of ctcore verify, or a damaged one") from None
        except OSError as error:
            raise CtcoreError(f"{self.path}: cannot be read: {error.strerror}") from None


def compare_recorded(recording: str | Path, capture: str, registry: Registry | None = None) -> Outcome:
    """Compare a recording with what ctcore makes of the capture that it was made of, under the same sysctls.

    Needs neither root nor Linux' conntrack. Raises CtcoreError for the recording, and CaptureError for a capture that
    cannot be opened; one that cannot be read on is among the outcome's ``faults``.
    """
    judge = Recording(recording)
    judge.check(capture)
    with open_capture(capture, judge.bpf) as source:
        own = Own(judge.sysctls, registry, judge.helpers)
        return replay(source, judge, own, comparison=judge.comparison())


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise CaptureError(f"{path}: cannot be opened: {error.strerror}") from None
