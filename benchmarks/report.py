"""The result of run.py as text; as a program, the table in the project's README and the chart.

    python benchmarks/report.py result.json --readme README.md --chart benchmarks/result.svg

The table stands between the lines ``<!-- benchmark -->`` and ``<!-- /benchmark -->``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import median

from captures import VARIANTS
from figures import KERNEL, Result, base, growth, kernel_cost, own, plugin_cost, series, times_faster
from measure import Series
from programs import COMPILED, PLAIN

MARKS = re.compile(r"(?<=<!-- benchmark -->\n).*?(?=<!-- /benchmark -->)", re.DOTALL)
BARE = "bare hash table in C"


def heading(result: Result) -> str:
    """Where it is measured, and what is missing."""
    lines = [" ".join(f"{name}={value}" for name, value in result["machine"].items())]
    lines += [f"missing: {name}: {why}" for name, why in result["missing"].items()]
    return "\n".join(lines)


def section(result: Result, name: str) -> str:
    """One section of the result, as text."""
    return {"peers": _peers, "kernel": _kernel, "growth": _growth, "own": _own}[name](result)


def disagreements(result: Result) -> list[str]:
    """The programs whose totals are not what they should be, or that failed."""
    tables = list(result.get("peers", {}).values())
    tables += [step[part] for step in result.get("growth", []) for part in ("whole", "opening")]
    return [f"{row['program']}: {row['status']}" for rows in tables for row in rows if row["status"] != "agrees"]


def _peers(result: Result) -> str:
    lines = []
    for variant, rows in result["peers"].items():
        found = series(rows)
        ours = base(found)
        lines.append(f"\n{variant:30}   packets/s  ctcore is  by the clock/s  peak MiB  totals")
        for row in rows:
            one = Series(**row)
            if not one.ran or ours is None:
                lines.append(f"{one.program:30} {one.status}")
                continue
            clock = one.packets / median(one.wall)
            figures = f"{one.rate:11,.0f} {times_faster(ours, one):9.2f}x {clock:15,.0f} {one.peak / 2**20:9.1f}"
            lines.append(f"{one.program:30} {figures}  {_totals(one)}")
    return "\n".join(lines)


def _totals(one: Series) -> str:
    """What it counted and whether that is right."""
    counted = "/".join("-" if number is None else f"{number:,}" for number in one.counted)
    return f"{counted} {one.status}" + (f" ({one.why})" if one.why else "")


def _kernel(result: Result) -> str:
    cost = kernel_cost(result)
    if cost is None:
        return f"\n{KERNEL}: {result['kernel'].get('status') or result['missing'].get(KERNEL)}"
    plain, tracked, unverified = median(cost.times["plain"]), cost.tracking(), cost.tracking("unverified")
    return (
        f"\n{KERNEL}: {tracked:.0f} ns a packet for tracking, {unverified:.0f} without checksums, beside {plain:.0f}"
        f" for forwarding ({cost.packets:,} packets, {cost.flows:,} flows: {cost.status})"
    )


def _growth(result: Result) -> str:
    lines = []
    for variant in VARIANTS:
        found = list(growth(result, variant))
        if found:
            lines.append(f"\n{variant:30}      flows  ns/packet  bytes/flow")
        for name, flows, nanoseconds, size in sorted(found, key=lambda row: row[0]):
            lines.append(f"{name:30} {flows:10,} {nanoseconds:10.0f}  {'' if size is None else f'{size:10,.0f}'}")
    for step in result["growth"]:
        for part in ("whole", "opening"):
            wrong = [row for row in step[part] if row["status"] != "agrees"]
            lines += [f"{row['program']}, {step['flows']:,} flows ({part}): {row['status']}" for row in wrong]
    return "\n".join(lines)


def _own(result: Result) -> str:
    lines = [f"\n{'':62}   packets/s  share  bytes out/packet"]
    for (what, build), (one, share) in own(result).items():
        lines.append(f"{f'{what} ({build})':62} {one.rate:11,.0f} {share:6.2f} {one.printed / one.packets:9.0f}")
    for build, nanoseconds in plugin_cost(result).items():
        lines.append(f"a plain Python plugin for UDP costs {nanoseconds:,.0f} ns for each UDP packet ({build})")
    return "\n".join(lines)


def table(result: Result) -> str:
    """The table for the README, in Markdown."""
    found = {variant: series(rows) for variant, rows in result["peers"].items()}
    names = sorted(
        {name for rows in found.values() for name in rows},
        key=lambda name: -max(rows[name].rate for rows in found.values() if name in rows),
    )
    head = "".join(f" {variant}, thousand packets/s | compiled is | plain is |" for variant in found)
    lines = [f"| program | kind |{head} peak MB |", "|---|---|" + "--:|--:|--:|" * len(found) + "--:|"]
    for name in names:
        some = next(rows[name] for rows in found.values() if name in rows)
        cells = [cell for rows in found.values() for cell in _cells(name, rows)]
        shown = f"**{name}**" if name in (COMPILED, PLAIN) else name
        lines.append(f"| {shown} | {some.kind} | {' | '.join(cells)} | {some.peak / 1e6:,.0f} |")
    return (
        "\n".join([*lines, *_kernel_line(result), *_growth_table(result), *_own_table(result), *_foot(result)]) + "\n"
    )


def _cells(name: str, rows: dict[str, Series]) -> list[str]:
    """A program's rate, and how many times as fast ctcore's builds are."""
    if name not in rows:
        return ["-", "", ""]
    ours = [None if build == name else rows.get(build) for build in (COMPILED, PLAIN)]
    ratios = ["" if one is None else f"{times_faster(one, rows[name]):.3g}x" for one in ours]
    return [f"{rows[name].rate / 1e3:,.{0 if rows[name].rate >= 1e5 else 1}f}", *ratios]


def _kernel_line(result: Result) -> list[str]:
    cost = kernel_cost(result)
    if cost is None:
        return []
    ours = base(series(result["peers"]["full"])) if "full" in result.get("peers", {}) else None
    beside = "" if ours is None else f"; the whole of `ctcore count` takes {1e6 / ours.rate * 1e3:.0f} ns"
    costs = (
        f"{cost.tracking():.0f} ns a packet of the full capture ({cost.tracking('unverified'):.0f} without checksums)"
    )
    return ["", f"The running kernel's own tracking costs {costs}{beside}."]


def _growth_table(result: Result) -> list[str]:
    rows = [row for row in growth(result, "snapped") if row[0] in (COMPILED, PLAIN, BARE)]
    if not rows:
        return []
    flows = sorted({row[1] for row in rows})
    lines = ["", "| live flows |" + "".join(f" {number:,} |" for number in flows), "|---|" + "--:|" * len(flows)]
    for name in (COMPILED, PLAIN, BARE):
        of = {row[1]: row for row in rows if row[0] == name}
        if of:
            times = [f" {of[n][2]:,.0f} |" if n in of else " |" for n in flows]
            lines.append(f"| {name}, ns a packet |" + "".join(times))
            sizes = [f" {of[n][3]:,.0f} |" if n in of and of[n][3] is not None else " |" for n in flows]
            lines.append(f"| {name}, bytes a flow |" + "".join(sizes))
    return lines


def _own_table(result: Result) -> list[str]:
    found = own(result)
    builds = list(dict.fromkeys(build for _, build in found))
    if not found:
        return []
    lines = ["", "| packets/s (share of the first line of its kind) |" + "".join(f" {b} |" for b in builds)]
    lines.append("|---|" + "--:|" * len(builds))
    for what in dict.fromkeys(what for what, _ in found):
        cells = [found.get((what, build)) for build in builds]
        shown = ["" if cell is None else f"{cell[0].rate:,.0f} ({cell[1]:.0%})" for cell in cells]
        lines.append(f"| {what} | {' | '.join(shown)} |")
    return lines


def _foot(result: Result) -> list[str]:
    where = result["machine"]
    said = f"{where['processor']}, one core, Linux {where['kernel']}, Python {where['python']}, {where['date']}"
    absent = [f"{name} ({why})" for name, why in result["missing"].items()]
    return ["", f"{said}; medians of {where['repeat']} runs." + (f" Missing: {'; '.join(absent)}." if absent else "")]


def main() -> None:
    """Write what is asked for; without any option print the whole result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    parser.add_argument("--readme", type=Path, metavar="FILE")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg")
    args = parser.parse_args()
    result = json.loads(args.result.read_text())
    if result["quick"] and args.readme:
        sys.exit("report: the figures of --quick mean nothing and are not for a README")
    if args.readme:
        text = args.readme.read_text(encoding="utf-8")
        if not MARKS.search(text):
            sys.exit(f"report: {args.readme} has no lines <!-- benchmark --> and <!-- /benchmark -->")
        args.readme.write_text(MARKS.sub(lambda _: table(result), text), encoding="utf-8")
    if args.chart:
        from chart import chart

        args.chart.write_text(chart(result), encoding="utf-8")
    if not args.readme and not args.chart:
        print(heading(result))
        print("\n".join(section(result, name) for name in ("peers", "kernel", "growth", "own") if name in result))


if __name__ == "__main__":
    main()
