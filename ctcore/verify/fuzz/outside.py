"""Rounds with another program in ctcore's place: it is run once a round, when the kernel has had all packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from ctcore.verify.compare import Difference
from ctcore.verify.fuzz.run import Outcome, Rounds
from ctcore.verify.outside import SIDE
from ctcore.verify.partial import PartialComparison
from ctcore.verify.sides import Own, opened
from ctcore.verify.spool import Spool
from ctcore.verify.tracker import Tracker, TrackerError, TrackerHangs


class OutsideRounds(Rounds):
    """Rounds of the kernel and a tracker, whose clock is the kernel's, too.

    A tracker that fails differs from the kernel in the field "tracker", and is shrunk as any other difference. Raises
    TrackerHangs for one that says nothing any more: to wait for it again and again would take too long.
    """

    def __init__(self, tracker: Tracker, sysctls: Mapping[str, int] | None = None) -> None:
        super().__init__(sysctls)
        self._tracker = tracker

    def run(self, packets: Sequence[bytes]) -> Outcome:
        """Feed the packets to the kernel, then all of them to the tracker; compare until the first difference."""
        own = Own(self.sysctls, self.registry, self.helpers)
        self._tracker.check(self.sysctls, own.helpers)
        outcome = Outcome(PartialComparison(side=SIDE))
        with Spool() as spool:
            with opened(self.sysctls, own.assignments) as kernel:
                for packet in packets:
                    spool.add(self.ethertype, packet, kernel.replay(packet, self.ethertype))
            spool.finish()
            self._compare(outcome, spool, own.helpers)
        return outcome

    def _compare(self, outcome: Outcome, spool: Spool, helpers: Sequence[str]) -> None:
        differences = outcome.comparison.differences
        try:
            with closing(self._tracker.records(spool.path, spool.count, self.sysctls, helpers)) as lines:
                for ours, (_, _, theirs) in zip(lines, spool.read(), strict=False):
                    outcome.kernel.append(theirs)
                    outcome.ctcore.append(ours)
                    outcome.comparison.add(theirs, ours)
                    if differences:
                        break
        except TrackerHangs:
            raise
        except TrackerError as error:
            differences.append(Difference(len(outcome.ctcore), SIDE, "an answer", str(error), SIDE))
            # Whatever it had not printed yet when it failed, it may have read: any packet may be the guilty one.
            outcome.kernel = [theirs for _, _, theirs in spool.read()]
            outcome.comparison.packets = spool.count
