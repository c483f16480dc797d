"""Measure `ctcore count`: packets per second and peak memory per flow, as whole processes on one core.

Captures are made by make_capture.py, once, in --directory. See README.md for what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from measure import SNAPLEN, CaptureFile, Failure, Figures, capture, measure

FEW = 10
"""Flows of the capture whose peak memory is what a run takes without flows."""
FEW_PACKETS = 100_000
VARIANTS = {"full": None, "snapped": SNAPLEN}
TITLE = "traffic     flows variant     packets/s     steady/s cpu us/p  peak MiB bytes/flow  count"


@dataclass
class Row:
    """One line of the result: a capture and what was measured on it; None where it does not apply.

    rate: packets per second of the whole process. steady: the same once all flows are open, without start-up.
    cpu: microseconds of processor time per packet. memory: peak in bytes. per_flow: bytes for each live flow.
    """

    traffic: str
    flows: int
    variant: str
    packets: int
    rate: float
    cpu: float
    memory: int
    steady: float | None = None
    per_flow: float | None = None
    count: str = ""


def arguments() -> argparse.Namespace:
    """Return the command line, parsed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000, help="packets of each capture")
    parser.add_argument("--flows", type=int, default=10_000, help="flows of the mixed capture")
    parser.add_argument("--live", type=int, nargs="*", default=[1_000, 10_000, 100_000], metavar="FLOWS")
    parser.add_argument("--variant", choices=VARIANTS, nargs="+", default=list(VARIANTS))
    parser.add_argument("--repeat", type=int, default=5, help="runs of each capture; the median counts")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="core to run on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir(), "ctcore-benchmark"))
    parser.add_argument("--command", help="what to run; the path of the capture is added at its end")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result here")
    args = parser.parse_args()
    if args.repeat < 1:
        parser.error("--repeat must be at least 1")
    if args.core not in os.sched_getaffinity(0):
        parser.error(f"this process may not run on core {args.core}")
    return args


def rows(args: argparse.Namespace, command: list[str]) -> Iterator[Row]:
    """Yield the row of the mixed capture, then those of the live ones, for each variant."""
    for variant in args.variant:
        snaplen = VARIANTS[variant]
        mixed = capture(args.directory, args.packets, args.flows, args.seed, live=False)
        figures = measure(command, mixed.path(snaplen), args.repeat)
        yield row("mixed", variant, mixed, figures)
        if args.live:
            yield from live_rows(args, command, variant)


def live_rows(args: argparse.Namespace, command: list[str], variant: str) -> Iterator[Row]:
    """Yield a row for each number of live flows, with the rate after the opening and the memory per flow."""
    snaplen = VARIANTS[variant]
    few = capture(args.directory, FEW_PACKETS, FEW, args.seed, live=True)
    base = measure(command, few.path(snaplen), args.repeat)
    for flows in args.live:
        made = capture(args.directory, args.packets, flows, args.seed, live=True)
        figures = measure(command, made.path(snaplen), args.repeat)
        opening = measure(command, made.path(snaplen, opening=True), args.repeat)
        if args.command is None and figures.output != str(flows):
            raise Failure(f"{flows} flows are live at the end, but the command printed {figures.output!r}")
        result = row("live", variant, made, figures)
        if figures.seconds > opening.seconds:
            result.steady = (made.packets - made.opening) / (figures.seconds - opening.seconds)
        result.per_flow = (figures.memory - base.memory) / (flows - FEW)
        yield result


def row(traffic: str, variant: str, made: CaptureFile, figures: Figures) -> Row:
    """Return the row of one capture."""
    rate, cpu = made.packets / figures.seconds, figures.cpu / made.packets * 1e6
    return Row(traffic, made.flows, variant, made.packets, rate, cpu, figures.memory, count=figures.output[:20])


def text(result: Row) -> str:
    """Return the row as a line of the table."""
    steady = f"{result.steady:12,.0f}" if result.steady else f"{'-':>12}"
    per_flow = f"{result.per_flow:10,.0f}" if result.per_flow is not None else f"{'-':>10}"
    return (
        f"{result.traffic:7} {result.flows:9,} {result.variant:8} {result.rate:12,.0f} {steady}"
        f" {result.cpu:8.2f} {result.memory / 2**20:9.1f} {per_flow}  {result.count}"
    )


def machine(args: argparse.Namespace) -> dict[str, str]:
    """Return where and how it was measured."""
    described = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in described if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "core": str(args.core),
        "repeat": str(args.repeat),
    }


def main() -> None:
    """Measure, print the table, write the JSON file."""
    args = arguments()
    command = shlex.split(args.command) if args.command else [sys.executable, "-m", "ctcore", "count"]
    where = machine(args)
    print(" ".join(f"{name}={value}" for name, value in where.items()))
    print(TITLE)
    # The children inherit the core.
    os.sched_setaffinity(0, {args.core})
    results = []
    try:
        for result in rows(args, command):
            results.append(result)
            print(text(result), flush=True)
    except Failure as failure:
        sys.exit(f"run: {failure}")
    finally:
        if args.json:
            document = {"machine": where, "command": command, "rows": [asdict(result) for result in results]}
            args.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
