"""Expiry: flows die exactly at their timeouts, in order, and a refresh costs one store.

A calendar of ticks of about a second each holds every confirmed flow at some tick that is not later than its timeout. A
refresh only moves the timeout; a flow that is met before its time goes back to where it belongs by then. A timeout
that is brought forward re-arms the flow at once. Within the current tick flows are ordered by timeout. No flow is put
further ahead than the horizon, so that one that died early is not kept in memory for the five days it might have had.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

from ctcore.common import DYING, NEVER
from ctcore.conn import Conn

TICK_BITS: Final = 30  # a tick is 2**30 nanoseconds
HORIZON: Final = 512 * 2**30  # nanoseconds: 512 ticks


class Wheel:
    """The timing wheel of one namespace. ``next`` is the time (nanoseconds) before which nothing can be due."""

    __slots__ = ("_due", "_keys", "_now", "_ticks", "next")

    def __init__(self) -> None:
        self.next = NEVER
        self._now = 0
        self._ticks: dict[int, list[Conn]] = {}
        self._keys: list[int] = []
        self._due: list[tuple[int, int, Conn]] = []

    def arm(self, ct: Conn) -> None:
        """Put a flow where its timeout says; a place that it had before is forgotten when it is met."""
        timeout = ct.timeout
        if timeout > self._now + HORIZON:
            timeout = self._now + HORIZON
        ct.armed = timeout
        tick = timeout >> TICK_BITS
        flows = self._ticks.get(tick)
        if flows is None:
            self._ticks[tick] = [ct]
            heappush(self._keys, tick)
        else:
            flows.append(ct)
        start = tick << TICK_BITS
        if start < self.next:
            self.next = start

    def wake(self, when: int) -> None:
        """Ask for a look at the wheel at a time (nanoseconds), whether or not a flow is due by then."""
        self.next = min(self.next, when)

    def expire(self, now: int, kill: Callable[[Conn], object]) -> None:
        """Call ``kill`` for each flow whose timeout is not after ``now``, in the order of the timeouts."""
        self._now = now
        while self.next <= now:
            self._open(now)
            due = self._due
            while due and due[0][0] <= now:
                timeout, _, ct = heappop(due)
                if ct.armed == timeout and not ct.status & DYING:
                    if ct.timeout <= timeout:
                        kill(ct)
                    else:
                        self.arm(ct)
            self._set_next(now)

    def _open(self, now: int) -> None:
        """Bring the flows of the earliest tick that has begun into order."""
        if self._keys and self._keys[0] << TICK_BITS <= now:
            tick = heappop(self._keys)
            end = (tick + 1) << TICK_BITS
            due = self._due
            for ct in self._ticks.pop(tick):
                if ct.armed >> TICK_BITS == tick and not ct.status & DYING:
                    if ct.timeout < end:
                        ct.armed = ct.timeout
                        due.append((ct.timeout, ct.id, ct))
                    else:
                        self.arm(ct)
            heapify(due)

    def _set_next(self, now: int) -> None:
        next_tick = self._keys[0] << TICK_BITS if self._keys else NEVER
        next_due = self._due[0][0] if self._due else NEVER
        self.next = next_due if next_due < next_tick else next_tick
