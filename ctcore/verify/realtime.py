"""A replay that keeps the pauses of its capture, and the comparison for it: flows expire on both sides.

ctcore ends a flow at its timeout, and says so with the next packet. The kernel does not look at its flows all the time:
what has expired is never found again, but the DESTROY event comes when something walks the table, at the latest the
dump after the last packet. With nf_conntrack_timestamp the event says when the flow's time was up, however late it
comes. So ends of flows are compared apart from the packets: which flows ended, when, and all that the events tell.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any, Final

from ctcore.verify.compare import Record, described
from ctcore.verify.partial import PartialComparison
from ctcore.verify.sidebyside import FullComparison

TOLERANCE: Final = 100_000_000
"""Nanoseconds by which the two sides may differ about when a flow began or ended: the kernel counts in ticks of some
milliseconds, and a busy machine may keep a packet waiting that was to be sent at once."""

REAL_TIME: Final = {"nf_conntrack_timestamp": 1}
"""Set on both sides, so that an event tells when its flow began and ended."""

_SECOND: Final = 1_000_000_000


class Pace:
    """Lets packets wait until they are due, as far apart as in their capture; the first one is due at once."""

    def __init__(self) -> None:
        self._ahead: int | None = None  # of the capture's clock: this machine's

    def wait(self, when: int) -> None:
        """Return when the packet of the time ``when`` (nanoseconds, by the capture's clock) is due."""
        if self._ahead is None:
            self._ahead = time.monotonic_ns() - when
        pause = when + self._ahead - time.monotonic_ns()
        if pause > 0:
            time.sleep(pause / _SECOND)


class TimedComparison(FullComparison):
    """A comparison of a replay that kept the pauses: the ends of flows are compared by their own times.

    Both sides need nf_conntrack_timestamp.
    """

    __slots__ = ("_ends", "_start")

    def __init__(self) -> None:
        super().__init__()
        self._start: int | None = None
        self._ends: tuple[list[Record], list[Record]] = ([], [])

    def of_packet(self, record: Record) -> Record:
        """A packet's object without the ends of flows."""
        return _without_ends(record)

    def add(self, kernel: Record, ctcore: Record) -> None:
        """Compare the two accounts of one packet, and keep the ends of flows for later."""
        if self._start is None:
            self._start = kernel["time_ns"]
        self._keep(kernel, ctcore)
        super().add(kernel, ctcore)

    def add_final(self, kernel: Mapping[str, Any], ctcore: Mapping[str, Any]) -> None:
        """Compare what there is after the last packet, and the ends of all flows."""
        super().add_final(kernel, ctcore)
        self._keep(kernel, ctcore)
        theirs, ours = map(_by_flow, self._ends)
        for flow in sorted(theirs.keys() | ours.keys()):
            for said, own in zip_longest(theirs[flow], ours[flow]):
                self._add_end(said, own)

    def _keep(self, *records: Record) -> None:
        for ends, record in zip(self._ends, records, strict=True):
            ends.extend(event for event in record["events"] if event["type"] == "DESTROY")

    def _add_end(self, kernel: Record | None, ctcore: Record | None) -> None:
        if kernel is None or ctcore is None:
            self._judge(self.packets, "end", self._shown(kernel), self._shown(ctcore))
            return
        self._judge(self.packets, "end", True, True)
        for name in ("start", "stop"):
            said, own = (self._seconds(end["timestamp"][name]) for end in (kernel, ctcore))
            near = abs(said - own) <= TOLERANCE / _SECOND
            self._judge(self.packets, f"end {name}", said, said if near else own)
        own_fields = described(ctcore)
        for name, value in described(kernel).items():
            if value is not None:
                self._judge(self.packets, f"end {name}", value, own_fields[name])

    def _shown(self, end: Record | None) -> str | None:
        if end is None:
            return None
        return f"{end['l4']} {described(end)['tuples'][2]} after {self._seconds(end['timestamp']['stop'])} s"

    def _seconds(self, when: int) -> float:
        """A time as seconds from the first packet on."""
        assert self._start is not None
        return round((when - self._start) / _SECOND, 3)


class TimedPartialComparison(PartialComparison):
    """The same for another tracker, whose lines tell neither times nor what comes after the last packet.

    So ends of flows are compared by what they do to later packets alone.
    """

    __slots__ = ()

    def of_packet(self, record: Record) -> Record:
        """A packet's object, or a tracker's line, without the ends of flows."""
        return _without_ends(record) if "events" in record else record


def _without_ends(record: Record) -> Record:
    """With which packet the end of a flow is told means nothing."""
    return {**record, "events": [event for event in record["events"] if event["type"] != "DESTROY"]}


def _by_flow(ends: Iterable[Record]) -> defaultdict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for end in sorted(ends, key=lambda end: end["timestamp"]["stop"]):
        found[str(described(end)["tuples"])].append(end)
    return found
