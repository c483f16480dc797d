"""The running kernel as the judge of a test: the same packets through its conntrack and through ctcore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from ctcore.api import ETHERTYPES
from ctcore.errors import CtcoreError
from ctcore.registry import Registry
from ctcore.sources import open_capture


@cache
def why_not() -> str | None:
    """Why the running kernel cannot be asked, in a sentence; None where it can."""
    try:
        from ctcore.verify.kernel import Kernel

        with Kernel():
            return None
    except (CtcoreError, ImportError) as error:
        return str(error)


class LiveKernel:
    """Compares the running kernel with ctcore, which has the plugins of ``registry``. Needs root and ctcore[kernel]."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def agrees(self, packets: Iterable[bytes] | str | Path, sysctls: Mapping[str, int] | None = None) -> None:
        """Check that both say the same of each packet, and have the same table and counters after the last one.

        ``packets`` are IP packets, or a capture's path. No time passes between them. Raises AssertionError with every
        difference, and CtcoreError where the kernel cannot be asked.
        """
        from ctcore.verify.sidebyside import FullComparison
        from ctcore.verify.sides import KernelJudge, Own, opened

        settings = dict(sysctls or {})
        own = Own(settings, self.registry)
        comparison = FullComparison()
        with opened(settings) as kernel:
            judge = KernelJudge(kernel, own.ethertypes)
            for ethertype, packet in _typed(packets):
                theirs = judge.account(packet, ethertype)
                comparison.add(theirs, own.account(packet, ethertype, theirs["time_ns"]))
            end = judge.final()
            comparison.add_final(end, own.final(end["time_ns"]))
        assert not comparison.differences, "\n".join(map(str, comparison.differences))


def _typed(packets: Iterable[bytes] | str | Path) -> Iterable[tuple[int, bytes]]:
    if isinstance(packets, str | Path):
        with open_capture(str(packets)) as source:
            return [(ethertype, packet) for _, ethertype, packet in source.packets()]
    return [(ETHERTYPES.get(packet[0] >> 4, 0), packet) for packet in packets]
