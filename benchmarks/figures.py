"""What is worked out from the runs that a result holds: rates, ratios, time and memory a flow."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from kernel import Cost
from measure import Series
from programs import COMPILED, PLAIN

KERNEL = "the kernel itself"
Result = dict[str, Any]


def series(rows: list[dict[str, Any]]) -> dict[str, Series]:
    """The series of a section, by program, those that have figures."""
    return {one.program: one for one in (Series(**row) for row in rows) if one.ran}


def base(found: dict[str, Series]) -> Series | None:
    """ctcore's series that others are compared with: the compiled build's, where there is one."""
    return found.get(COMPILED) or found.get(PLAIN)


def times_faster(ours: Series, theirs: Series) -> float:
    """How many times as fast ours is a packet: the median over the rounds that both have."""
    pairs = zip(ours.cpu, theirs.cpu, strict=False)
    return float(median(their / theirs.packets / (our / ours.packets) for our, their in pairs))


def kernel_cost(result: Result) -> Cost | None:
    """What the kernel's tracking costs, where that was measured."""
    return Cost(**result["kernel"]) if result.get("kernel") and result["kernel"]["times"]["tracked"] else None


def growth(result: Result, variant: str) -> Iterator[tuple[str, int, float, float | None]]:
    """Yield program, live flows, nanoseconds a packet once all are open, and bytes a flow.

    The time is that of the whole capture less that of its opening; the bytes are the peak less that with the fewest
    flows.
    """
    fewest: dict[str, tuple[int, int]] = {}
    for step in result.get("growth", []):
        if step["variant"] != variant:
            continue
        opening = series(step["opening"])
        for name, whole in series(step["whole"]).items():
            if name not in opening:
                continue
            packets = whole.packets - opening[name].packets
            nanoseconds = (median(whole.cpu) - median(opening[name].cpu)) / packets * 1e9
            flows, peak = fewest.setdefault(name, (step["flows"], whole.peak))
            more = step["flows"] - flows
            yield name, step["flows"], nanoseconds, (whole.peak - peak) / more if more else None
