"""Another program as the tracker under test: started on a capture, it prints a ``trace -o json`` line a packet."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from ctcore.errors import CtcoreError
from ctcore.verify.schema import problem
from ctcore.verify.sides import Record
from ctcore.verify.streams import ACCOUNTING

CAPTURE: Final = "{capture}"
SYSCTL: Final = "{sysctl}"
HELPER: Final = "{helper}"
PATIENCE: Final = 60.0
"""Seconds without a byte of output after which a tracker is taken to hang."""

_LONGEST: Final = 1 << 20  # bytes of a line; one of ctcore's has some two thousand
_CHUNK: Final = 1 << 16
_QUOTED: Final = 60


class TrackerError(CtcoreError):
    """A tracker under test that does not keep to the protocol: says what it did, and after how many packets."""


class TrackerHangs(TrackerError):
    """One that says nothing any more."""


class Tracker:
    """A program that tracks a capture.

    ``command`` is split into words as a shell does, but no shell runs it. In its words ``{capture}`` is the path of a
    pcap file; a word with ``{sysctl}`` is repeated for each setting, ``NAME=VALUE``, and one with ``{helper}`` for each
    helper, ``NAME:PROTO:PORT``. ``patience`` is in seconds.
    Raises CtcoreError for a command that cannot be split or has no ``{capture}``.
    """

    def __init__(self, command: str, patience: float = PATIENCE) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise CtcoreError(f"the tracker's command cannot be split into words: {error}: {command}") from None
        if CAPTURE not in command:
            raise CtcoreError(
                f"the tracker's command has no {CAPTURE}, where the capture's path would stand: {command}"
            )
        self.command = command
        self._patience = patience

    @property
    def takes_helpers(self) -> bool:
        """Whether it can be told which flows have a helper."""
        return HELPER in self.command

    def check(self, sysctls: Mapping[str, int], helpers: Iterable[str] = ()) -> None:
        """Raises CtcoreError where the command has no place for settings or for helpers, and there are some."""
        settings = [f"{name}={value}" for name, value in sysctls.items()]
        for place, words in ((SYSCTL, settings), (HELPER, list(helpers))):
            if words and place not in self.command:
                told = ", ".join(words)
                raise CtcoreError(f"the tracker's command has no {place}, so the tracker cannot be told {told}")

    def records(
        self, capture: Path, count: int, sysctls: Mapping[str, int], helpers: Iterable[str] = ()
    ) -> Generator[Record, None, None]:
        """Run it on a pcap file of ``count`` packets: its lines, checked, as many as there are packets.

        It is told the ``sysctls``, and which new flows have one of the ``helpers``, each ``NAME:PROTO:PORT``.

        Raises CtcoreError where it cannot be started and TrackerError where it fails, then or at any line. It is
        ended, with all that it started, when the iterator is closed.
        """
        helpers = tuple(helpers)
        self.check(sysctls, helpers)
        words, told = self._filled(capture, {**ACCOUNTING, **sysctls}, helpers), 0
        with tempfile.TemporaryFile() as messages, self._running(words, messages) as process:
            for line in self._lines(process):
                if told == count:
                    raise TrackerError(f"the tracker printed more lines than the {count} packets of the capture")
                told += 1
                yield _parsed(line, told)
            self._end(process, messages, f"after {told} of {count} packets")
        if told < count:
            raise TrackerError(f"the tracker printed {told} lines for {count} packets: each has to have one")

    @staticmethod
    @contextmanager
    def _running(words: list[str], messages: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, start_new_session=True
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CtcoreError(f"the tracker {words[0]} cannot be started: {reason}") from None
        assert process.stdout is not None
        try:
            with process.stdout:
                yield process
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _filled(self, capture: Path, sysctls: Mapping[str, int], helpers: Iterable[str]) -> list[str]:
        words = [word.replace(CAPTURE, str(capture)) for word in self._words]
        words = _repeated(words, SYSCTL, [f"{name}={value}" for name, value in sysctls.items()])
        return _repeated(words, HELPER, helpers)

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[bytes]:
        assert process.stdout is not None
        fd, told, rest = process.stdout.fileno(), 0, b""
        ready = select.poll()
        ready.register(fd, select.POLLIN)
        while True:
            if not ready.poll(self._patience * 1000):
                raise TrackerHangs(f"the tracker said nothing for {self._patience:g} s after {told} packets")
            data = os.read(fd, _CHUNK)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                told += 1
                yield line
            if len(rest) > _LONGEST:
                raise TrackerError(f"line {told + 1} of the tracker is longer than {_LONGEST} bytes")
            if not data:
                break
        if rest:
            yield rest

    def _end(self, process: subprocess.Popen[bytes], messages: IO[bytes], when: str) -> None:
        """Wait for its end. Raises TrackerError where that is no good one."""
        try:
            status = process.wait(self._patience)
        except subprocess.TimeoutExpired:
            raise TrackerHangs(f"the tracker closed its output and went on for {self._patience:g} s, {when}") from None
        if status:
            how = f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with exit status {status}"
            raise TrackerError(f"the tracker {how} {when}{_last_words(messages)}")


def _repeated(words: Iterable[str], place: str, told: Iterable[str]) -> list[str]:
    """The words, each that has the place once for everything that is told, and without it where that is nothing."""
    told = list(told)
    return [
        filled for word in words for filled in ([word.replace(place, one) for one in told] if place in word else [word])
    ]


def _parsed(line: bytes, number: int) -> Record:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise TrackerError(f"line {number} of the tracker is no JSON: {_quoted(line)}") from None
    wrong = problem(record)
    if wrong is not None:
        raise TrackerError(f"line {number} of the tracker {wrong}: {_quoted(line)}")
    found: Record = record
    if found["frame"] != number:
        raise TrackerError(
            f"line {number} of the tracker is about packet {found['frame']}: each has to have one, in turn"
        )
    return found


def _quoted(line: bytes) -> str:
    text = line[: 4 * _QUOTED].decode(errors="replace").strip()
    return ascii(text[:_QUOTED] + "..." if len(text) > _QUOTED else text)


def _last_words(messages: IO[bytes]) -> str:
    messages.seek(max(0, messages.seek(0, os.SEEK_END) - _CHUNK))
    lines = messages.read().strip().splitlines()
    return f"; its last words: {_quoted(lines[-1])}" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
