"""One capture through a judge and through ctcore, side by side, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ctcore.errors import CaptureError, CtcoreError
from ctcore.sources.capture import Capture
from ctcore.verify.compare import Comparison, Record
from ctcore.verify.sides import Judge, Own

LINES: Final = {"proc": "/proc/net/nf_conntrack", "list": "conntrack -L"}
"""What a table is printed as, by its name in a final record."""

EXPECT_LINES: Final = {"expect_proc": "/proc/net/nf_conntrack_expect", "expect_list": "conntrack -L expect"}
"""The same of the expectations."""

_TIMEOUT_AT: Final = {
    "proc": 4,
    "list": 2,
    "expect_proc": 0,
    "expect_list": 0,
}  # the word of a line that is its timeout
_LEFT_OUT: Final = ("use=", "id=", "delta-time=")


class FullComparison(Comparison):
    """A comparison that also knows the lines of the final table."""

    __slots__ = ()

    def add_final(self, kernel: Mapping[str, Any], ctcore: Mapping[str, Any]) -> None:
        """Compare what two sides have after the last packet: statistics, table, and its lines where both have any."""
        self.add_statistics(kernel["statistics"], ctcore["statistics"])
        self.add_table(kernel["table"], ctcore["table"])
        titles = LINES
        if "expectations" in kernel:  # recordings without helpers need not have them
            self.add_expectations(kernel["expectations"], ctcore["expectations"])
            titles = {**LINES, **EXPECT_LINES}
        for name, title in titles.items():
            if kernel[name] is not None and ctcore[name] is not None:
                self.add_lines(title, _lines(name, kernel[name]), _lines(name, ctcore[name]))

    def add_lines(self, title: str, kernel: Mapping[str, int], ctcore: Mapping[str, int]) -> None:
        """Compare the lines of two tables, each with its timeout (seconds), in any order."""
        for line in sorted(kernel.keys() | ctcore.keys()):
            self._judge(self.packets, title, line in kernel and line, line in ctcore and line)
            if line in kernel and line in ctcore:
                self._judge(self.packets, f"{title} timeout", kernel[line], ctcore[line])


@dataclass(frozen=True, slots=True)
class Disputed:
    """The first packet on which the two sides do not agree, and what each said of it."""

    packet: bytes
    ethertype: int
    kernel: Record
    ctcore: Record


@dataclass(slots=True)
class Outcome:
    """What a replay showed. ``disputed`` is None where the sides agree on every packet; then they may still differ
    in what is compared after the last one."""

    comparison: Comparison
    disputed: Disputed | None = None
    lacking: tuple[str, ...] = ()
    """What could not be compared, for the kernel's side did not have it."""
    comparable: int = 0
    """Packets of a network layer protocol that is tracked."""
    faults: list[CtcoreError] = field(default_factory=list)
    """Why not every packet was compared, or none: a capture that cannot be read on, a tracker that failed."""

    @property
    def agrees(self) -> bool:
        """Whether everything was compared and there is no difference at all."""
        return not self.comparison.differences and not self.faults

    def add(self, packet: bytes, ethertype: int, kernel: Record, other: Record) -> None:
        """Compare two accounts of the next packet, and keep it if it is the first in dispute."""
        comparison = self.comparison
        comparison.add(kernel, other)
        if comparison.differences and self.disputed is None:
            self.disputed = Disputed(packet, ethertype, comparison.of_packet(kernel), comparison.of_packet(other))


def replay(
    capture: Capture,
    judge: Judge,
    own: Own,
    on_packet: Callable[[Capture], None] | None = None,
    *,
    comparison: FullComparison | None = None,
    wait: Callable[[int], None] | None = None,
) -> Outcome:
    """Give every packet of ``capture`` to both sides.

    ``comparison`` is to be a new one, of another kind than the usual. ``wait`` is called before each packet with its
    time in the capture (nanoseconds), to return when it is due; without it packets go as fast as they can.
    A capture that cannot be read on is among the ``faults``, and what came before is compared. Raises CtcoreError
    where the judge cannot answer.
    """
    comparison = FullComparison() if comparison is None else comparison
    outcome = Outcome(comparison)
    try:
        for when, ethertype, packet in capture.packets():
            if wait is not None:
                wait(when)
            theirs = judge.account(packet, ethertype)
            ours = own.account(packet, ethertype, theirs["time_ns"])
            outcome.comparable += ethertype in own.ethertypes
            outcome.add(packet, ethertype, theirs, ours)
            if on_packet is not None:
                on_packet(capture)
    except CaptureError as error:
        outcome.faults.append(error)
    outcome.faults += nothing_compared(outcome, capture)
    end = judge.final()
    comparison.add_final(end, own.final(end["time_ns"]))
    outcome.lacking = tuple(title for name, title in LINES.items() if end[name] is None)
    return outcome


def nothing_compared(outcome: Outcome, capture: Capture) -> list[CtcoreError]:
    """The fault of a capture that was read to its end and had no packet to compare, if it is such a one."""
    if outcome.comparable or outcome.faults:
        return []
    count = outcome.comparison.packets
    why = f"none of its {count} packets is of a protocol that is tracked" if count else "no packet came from it"
    return [CaptureError(f"{capture.name}: nothing to compare: {why}")]


def _lines(name: str, lines: Iterable[str]) -> dict[str, int]:
    """Lines without what each side has of its own, and the timeout (seconds) of each."""
    found: dict[str, int] = {}
    at = _TIMEOUT_AT[name]
    for line in lines:
        words = [word for word in line.split() if not word.startswith(_LEFT_OUT)]
        timeout = int(words.pop(at))
        found[" ".join(words)] = timeout
    return found
