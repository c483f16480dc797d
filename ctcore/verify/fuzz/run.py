"""One round: the same packets to a fresh table of the running kernel and to a fresh one of ctcore.

ctcore's clock is the kernel's, for each packet the moment at which the kernel was given it: so a round may take as long
as a busy machine makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ctcore.api import Conntrack
from ctcore.formats.objects import expected_object, flow_object
from ctcore.registry import Registry
from ctcore.verify.compare import Comparison, Difference
from ctcore.verify.kernel import ETH_P_IP, Kernel
from ctcore.verify.streams import ACCOUNTING

KERNEL_ONLY: Final = {"net.ipv4.conf.all.accept_source_route": 0}
"""What a router does by itself, and ctcore always: the kernel's side of a comparison is a laxer one."""

Record = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """A round's result: the comparison up to the first difference, and both accounts of the packets until
    there."""

    comparison: Comparison
    kernel: list[Record] = field(default_factory=list)
    ctcore: list[Record] = field(default_factory=list)

    @property
    def difference(self) -> Difference | None:
        """The first one, or None."""
        return self.comparison.differences[0] if self.comparison.differences else None


class Rounds:
    """Runs rounds under the settings ``sysctls`` and with the ``helpers``, all with the same plugins.

    ``ethertype`` says what the packets are. All three may change between rounds.
    """

    helpers: tuple[str, ...] = ()

    def __init__(self, sysctls: Mapping[str, int] | None = None, ethertype: int = ETH_P_IP) -> None:
        self.sysctls = dict(sysctls or {})
        self.ethertype = ethertype
        self.registry = Registry.load(strict=True).today()

    def run(self, packets: Sequence[bytes]) -> Outcome:
        """Feed the packets, until the first difference; after the last one statistics and tables are compared."""
        tracker = Conntrack(self.registry, {**ACCOUNTING, **self.sysctls}, helpers=self.helpers)
        outcome = Outcome(Comparison())
        comparison = outcome.comparison
        with Kernel({**KERNEL_ONLY, **ACCOUNTING, **self.sysctls}, tracker.net.helpers.assignments) as kernel:
            for frame, packet in enumerate(packets, 1):
                theirs = kernel.replay(packet, self.ethertype)
                ours = _fed(tracker, frame, packet, self.ethertype, theirs["time_ns"])
                outcome.kernel.append(theirs)
                outcome.ctcore.append(ours)
                comparison.add(theirs, ours)
                if comparison.differences:
                    break
            else:
                comparison.add_statistics(kernel.stats(), dict(tracker.net.stat.items()))
                flows = [flow_object(ct, tracker.net.now) for ct in tracker.net.table]
                comparison.add_table(kernel.dump(), flows)
                expected = [expected_object(exp, tracker.net.now) for exp in tracker.net.expectations]
                comparison.add_expectations(kernel.expectations(), expected)
        return outcome


def _fed(tracker: Conntrack, frame: int, packet: bytes, ethertype: int, now: int) -> Record:
    """ctcore's account of a packet at ``now`` (nanoseconds), in the schema of ``trace -o json``."""
    result = tracker.feed(packet, now, ethertype)
    return {
        "frame": frame,
        "time_ns": now,
        "ctinfo": result.state,
        "direction": result.direction,
        "verdict": result.verdict.name.lower(),
        "reasons": result.reasons,
        "entry": None if result.entry is None else flow_object(result.entry, tracker.net.now),
        "events": result.events,
    }
