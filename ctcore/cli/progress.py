"""A progress bar on standard error, for replays that take long enough to wonder."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from ctcore.sources import Capture

PATIENCE: Final = 1.0  # seconds before the bar appears


class Progress:
    """The bar of one replay, by the bytes read of each capture; it shows after a second, if ``wanted``."""

    def __init__(self, wanted: bool) -> None:
        self._show_at = time.monotonic() + PATIENCE if wanted else float("inf")
        self._bar: Bar | None = None
        self._capture: Capture | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, capture: Capture) -> None:
        """Show how far ``capture`` has been read."""
        if time.monotonic() < self._show_at:
            return
        if self._bar is None:
            self._bar = _make_bar()
            self._bar.start()
        if self._task is None or capture is not self._capture:
            self._capture = capture
            self._task = self._bar.add_task(capture.name, total=capture.size)
        self._bar.update(self._task, completed=capture.position)


def _make_bar() -> Bar:
    # imported here because rich takes longer to load than most captures take to track
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # data is no message, and would end up on standard error
    )
