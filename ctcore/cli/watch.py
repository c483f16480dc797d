"""Watching a replay once a batch, off the packet path: Ctrl-C, time that goes backwards, progress."""

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


class Times:
    """Packets that are older than one before them: ``count`` of them, ``most`` microseconds at the most.

    ``first`` is the time of the very first packet (microseconds), None before it.
    """

    def __init__(self) -> None:
        self.first: int | None = None
        self.count = 0
        self.most = 0
        self._latest = 0

    def look(self, index: memoryview) -> None:
        """Look at a batch: ``index`` has four numbers a packet, seconds and microseconds the first two."""
        seconds, micros = index[::4].tolist(), index[1::4].tolist()
        times = [second * 1_000_000 + micro for second, micro in zip(seconds, micros, strict=True)]
        if self.first is None:
            self.first = times[0]
        if times[0] < self._latest or times != sorted(times):
            for time in times:
                if time < self._latest:
                    self.count += 1
                    self.most = max(self.most, self._latest - time)
                else:
                    self._latest = time
        else:
            self._latest = times[-1]


class WatchedCapture(Capture):
    """A capture whose batches end early after Ctrl-C; after each one ``on_batch`` is called and output is passed on."""

    def __init__(
        self,
        path: str,
        bpf: str | None,
        interrupt: Interrupt,
        times: Times,
        progress: Progress,
        on_batch: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(path, bpf)
        self._on_batch = on_batch
        self._interrupt = interrupt
        self._times = times
        self._progress = progress
        self._before = 0
        self._index = memoryview(b"")

    def batches(self) -> Iterator[Batch]:
        """As the capture's own."""
        packets = 0
        for buffer, index in super().batches():
            self._before = packets
            self._index = memoryview(index).cast("I")
            self._times.look(self._index)
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
