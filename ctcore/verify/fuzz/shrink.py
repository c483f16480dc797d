"""Delta debugging: the fewest and plainest packets on which the two sides still differ in the same field."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ctcore.verify.fuzz.plain import plainer
from ctcore.verify.fuzz.run import Rounds

_Test = Callable[[Sequence[bytes]], bool]


def shrink(rounds: Rounds, packets: Sequence[bytes]) -> list[bytes]:
    """Fewer packets that differ in the same field; all of them where the difference does not come again."""
    first = rounds.run(packets).difference
    if first is None:
        return list(packets)

    def differs(some: Sequence[bytes]) -> bool:
        found = rounds.run(some).difference
        return found is not None and found.field == first.field

    few = _fewer(list(packets), differs)
    for at in range(len(few)):
        _simplify(few, at, differs)
    return _fewer(few, differs)


def _fewer(packets: list[bytes], differs: _Test) -> list[bytes]:
    """Leave out stretches, from large ones to single packets, while the rest differs."""
    size = len(packets) // 2 or 1
    while True:
        at, before = len(packets), len(packets)
        while at > 0:
            start = max(0, at - size)
            rest = packets[:start] + packets[at:]
            if rest and differs(rest):
                packets = rest
            at = start
        if size == 1 and len(packets) == before:
            return packets
        if size > 1:
            size //= 2


def _simplify(packets: list[bytes], at: int, differs: _Test) -> None:
    for simpler in plainer(packets[at]):
        kept, packets[at] = packets[at], simpler(packets[at])
        if packets[at] == kept:
            continue
        if not differs(packets):
            packets[at] = kept
