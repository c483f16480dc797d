"""One capture of ``ctcore verify``: the kernel or a recording on one side, ctcore or another tracker on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ctcore.cli.conduct import say
from ctcore.cli.progress import Progress
from ctcore.errors import CtcoreError
from ctcore.registry import Registry
from ctcore.sources import Capture, open_capture
from ctcore.verify.outside import SIDE, replay_outside
from ctcore.verify.realtime import REAL_TIME, TOLERANCE, Pace, TimedComparison, TimedPartialComparison
from ctcore.verify.recorded import Recorder, Recording, place
from ctcore.verify.sidebyside import Outcome, replay
from ctcore.verify.sides import Judge, KernelJudge, Own, opened
from ctcore.verify.tracker import Tracker

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for both sides: the sysctls, the helpers, and whether the capture's pauses are kept."""

    sysctls: Mapping[str, int]
    helpers: Sequence[str]
    real_time: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for, the captures apart. ``complain`` is told the first fault of each plugin."""

    bpf: str | None
    terms: Terms
    record: str | None
    recorded: str | None
    tracker: Tracker | None
    registry: Registry
    complain: Callable[[str], None]


def verify(capture: str, wish: Wish, progress: Progress) -> Outcome:
    """Compare one capture. Raises CaptureError where it cannot be opened, and CtcoreError where nothing can go on."""
    if wish.recorded is not None:
        return _against_recording(capture, wish.recorded, wish, progress)
    return _against_kernel(capture, wish, progress)


def shown(capture: str) -> str:
    """What messages call a capture."""
    return "standard input" if capture == STDIN else capture


def _against_kernel(capture: str, wish: Wish, progress: Progress) -> Outcome:
    terms = wish.terms
    own = _own(terms, wish)
    with ExitStack() as stack:
        source = stack.enter_context(open_capture(capture, wish.bpf))
        judge = KernelJudge(stack.enter_context(opened(terms.sysctls, own.assignments)), own.ethertypes)
        wait = Pace().wait if terms.real_time else None
        if wish.record is None:
            outcome = _compared(source, judge, own, terms, wish, progress, wait)
        else:
            recorder = Recorder(judge, capture, terms.sysctls, wish.bpf, terms.helpers, terms.real_time)
            outcome = _compared(source, recorder, own, terms, wish, progress, wait)
            _save(recorder, place(wish.record, capture))
    if terms.real_time and outcome.comparison.differences and judge.slowest > TOLERANCE:
        say(f"ctcore: {shown(capture)}: the machine was busy, and held a packet back for {judge.slowest / 1e9:.2f} s")
    return outcome


def _own(terms: Terms, wish: Wish) -> Own:
    own = Own(terms.sysctls, wish.registry, terms.helpers)
    own.net.faults.report = wish.complain
    return own


def _save(recorder: Recorder, path: Path) -> None:
    try:
        recorder.save(path)
    except OSError as error:
        raise CtcoreError(f"{path}: cannot be written: {error.strerror}") from None


def _against_recording(capture: str, folder: str, wish: Wish, progress: Progress) -> Outcome:
    judge = Recording(place(folder, capture))
    judge.check(capture)
    terms = Terms(judge.sysctls, judge.helpers, judge.real_time)
    with open_capture(capture, judge.bpf) as source:
        own = _own(terms, wish)
        return _compared(source, judge, own, terms, wish, progress)


def _compared(
    source: Capture,
    judge: Judge,
    own: Own,
    terms: Terms,
    wish: Wish,
    progress: Progress,
    wait: Callable[[int], None] | None = None,
) -> Outcome:
    """The judge's word beside that of ctcore, or of the program that stands in for it."""
    if wish.tracker is None:
        whole = TimedComparison() if terms.real_time else None
        return replay(source, judge, own, progress.update, comparison=whole, wait=wait)
    sysctls, part = terms.sysctls, None
    if terms.real_time:
        # What is set for the sake of ctcore's comparison is no business of the tracker's.
        sysctls = {name: value for name, value in sysctls.items() if name not in REAL_TIME}
        part = TimedPartialComparison(side=SIDE)
    tracker, known = wish.tracker, own.ethertypes
    return replay_outside(
        source, judge, tracker, sysctls, known, progress.update, helpers=own.helpers, comparison=part, wait=wait
    )
