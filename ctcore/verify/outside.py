"""One capture through a judge and through another program than ctcore, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from typing import Final

from ctcore.errors import CaptureError
from ctcore.sources.capture import Capture
from ctcore.verify.partial import PartialComparison
from ctcore.verify.sidebyside import Outcome, nothing_compared
from ctcore.verify.sides import Judge, Record
from ctcore.verify.spool import Spool
from ctcore.verify.tracker import Tracker, TrackerError

SIDE: Final = "tracker"


def replay_outside(
    capture: Capture,
    judge: Judge,
    tracker: Tracker,
    sysctls: Mapping[str, int],
    ethertypes: Collection[int],
    on_packet: Callable[[Capture], None] | None = None,
    *,
    helpers: Sequence[str] = (),
    comparison: PartialComparison | None = None,
    wait: Callable[[int], None] | None = None,
) -> Outcome:
    """Give every packet of ``capture`` to the judge, and all of them to the tracker when that is done.

    ``sysctls``, ``ethertypes`` and ``helpers`` (each ``NAME:PROTO:PORT``) are those that the judge goes by;
    ``comparison`` and ``wait`` are as for ``replay``.
    A capture that cannot be read on and a tracker that fails are among the ``faults``; what came before is compared.
    Raises CtcoreError where the judge or the tracker cannot begin.
    """
    tracker.check(sysctls, helpers)
    outcome = Outcome(PartialComparison(side=SIDE) if comparison is None else comparison)
    with Spool() as spool:
        try:
            for when, ethertype, packet in capture.packets():
                if wait is not None:
                    wait(when)
                spool.add(ethertype, packet, judge.account(packet, ethertype))
                outcome.comparable += ethertype in ethertypes
                if on_packet is not None:
                    on_packet(capture)
        except CaptureError as error:
            outcome.faults.append(error)
        judge.final()
        spool.finish()
        if spool.count:
            _compare(outcome, spool, tracker.records(spool.path, spool.count, sysctls, helpers))
        outcome.faults += nothing_compared(outcome, capture)
    return outcome


def _compare(outcome: Outcome, spool: Spool, lines: Generator[Record, None, None]) -> None:
    try:
        with closing(lines), closing(spool.read()) as packets:
            for ours, (ethertype, packet, theirs) in zip(lines, packets, strict=False):
                outcome.add(packet, ethertype, theirs, ours)
    except TrackerError as error:
        outcome.faults.append(error)
