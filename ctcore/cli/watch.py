"""Watching a replay once a batch, off the packet path: Ctrl-C, output, progress."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from ctcore.cli.progress import Progress
from ctcore.sources.capture import Batch, Capture


class Interrupt:
    """Ctrl-C while captures are read: the first one sets ``asked``, the second one raises KeyboardInterrupt.

    So no packet is left half tracked, and what was tracked until then can still be printed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class WatchedCapture(Capture):
    """A capture whose batches end early after Ctrl-C; after each one ``on_batch`` is called and output is passed on.

    ``first_time`` is the time of its first packet (nanoseconds), None before it.
    """

    def __init__(
        self,
        path: str,
        bpf: str | None,
        interrupt: Interrupt,
        progress: Progress,
        on_batch: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(path, bpf)
        self._on_batch = on_batch
        self._interrupt = interrupt
        self._progress = progress
        self.first_time: int | None = None
        self._before = 0
        self._index = memoryview(b"")

    def batches(self) -> Iterator[Batch]:
        """As the capture's own."""
        packets = 0
        for buffer, index in super().batches():
            self._before = packets
            self._index = memoryview(index).cast("I")
            if self.first_time is None:
                self.first_time = self.time_of(packets + 1)
            yield buffer, index
            packets += len(self._index) // 4
            if self._on_batch is not None:
                self._on_batch()
            sys.stdout.flush()
            self._progress.update(self)
            if self._interrupt.asked:
                return

    def time_of(self, number: int) -> int:
        """The capture's time of a packet (nanoseconds): one of the batch at hand, numbered from 1."""
        place = 4 * (number - 1 - self._before)
        return self._index[place] * 1_000_000_000 + self._index[place + 1] * 1000
