"""What is worked out from the runs that a result holds: rates, ratios, time and memory a flow."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from kernel import Cost
from measure import Series
from programs import COMPILED, PLAIN

KERNEL = "the kernel itself"
PLAIN_PLUGIN = "library, UDP as plain Python"
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


def own(result: Result) -> dict[tuple[str, str], tuple[Series, float]]:
    """By what is done and by which build: its figures, and its rate as a share of `count` or of the library alone."""
    found: dict[tuple[str, str], tuple[Series, float]] = {}
    for section in ("commands", "ways"):
        first: dict[tuple[str, bool], Series] = {}
        for one in series(result.get("own", {}).get(section, [])).values():
            what, _, build = one.program.removesuffix(")").rpartition(" (")
            # With TCP packets only, the share of what such a capture takes without the plugin.
            alone = first.setdefault((build, "TCP packets only" in what), one)
            found[what, build] = one, times_faster(one, alone)
    return found


def plugin_cost(result: Result) -> dict[str, float]:
    """By build: nanoseconds more for each UDP packet with the plugin for UDP as plain Python."""
    found = own(result)
    costs = {}
    for what, build in found:
        if what == PLAIN_PLUGIN:
            alone, beside = found["library", build][0], found[what, build][0]
            more = median(theirs - ours for ours, theirs in zip(alone.cpu, beside.cpu, strict=False))
            costs[build] = more / result["own"]["udp"] * 1e9
    return costs
