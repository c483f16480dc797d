"""Measure ctcore and its peers, as whole processes in turn on one core, and print and keep what was found.

Captures are made by make_capture.py, in a temporary directory or in --directory. See README.md for what the programs do
for a packet and what the figures mean, and report.py for the table in the project's README.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import figures
import kernel
import own
import programs
import report
from captures import VARIANTS, CaptureFile, Failure, capture
from measure import Program, Series, in_turn

SECTIONS = "peers", "kernel", "growth", "own"
PACKETS_A_FLOW = 5
"""At the least, of a capture whose flows are all live."""


def arguments() -> argparse.Namespace:
    """Return the command line, parsed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000, help="packets of each capture, or 5 a live flow")
    parser.add_argument("--flows", type=int, default=10_000, help="flows of the capture that all programs read")
    parser.add_argument("--live", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000], metavar="FLOWS")
    parser.add_argument("--variant", choices=VARIANTS, nargs="+", default=list(VARIANTS))
    parser.add_argument("--growth-variant", choices=VARIANTS, nargs="+", default=["snapped"])
    parser.add_argument("--only", choices=SECTIONS, nargs="+", default=list(SECTIONS), help="what to measure")
    parser.add_argument("--programs", nargs="*", metavar="NAME", help="the peers to measure, without any none (all)")
    parser.add_argument("--peers-python", default=sys.executable, metavar="PATH", help="has NFStream, dpkt and scapy")
    parser.add_argument("--repeat", type=int, default=5, help="counted runs of each program; the median counts")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="core to run on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, help="keep the captures here, 9 GB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here")
    parser.add_argument("--quick", action="store_true", help="everything on small captures; the figures mean nothing")
    args = parser.parse_args()
    if args.quick:
        args.packets, args.flows, args.live, args.repeat = 20_000, 400, [100, 400], 1
    if args.repeat < 1:
        parser.error("--repeat must be at least 1")
    if args.core not in os.sched_getaffinity(0):
        parser.error(f"this process may not run on core {args.core}")
    return args


class Benchmark:
    """One run of the benchmark; ``result`` grows with each section and is plain data for JSON."""

    def __init__(self, args: argparse.Namespace, directory: Path, tools: Path) -> None:
        """Take the command line, where captures are, and where programs are built."""
        self.args, self.directory, self.tools = args, directory, tools
        found = programs.builds()
        self.builds = [name for name, problem in found.items() if problem is None]
        chosen = programs.floor(tools) + programs.peers(args.peers_python)
        if args.programs is not None:
            chosen = [program for program in chosen if program.name in args.programs or program.kind == "floor"]
        everything = programs.ctcore(found) + chosen
        self.programs = programs.runnable(everything)
        missing = {program.name: program.missing for program in everything if program.missing}
        self.result: dict[str, Any] = {"machine": machine(args), "missing": missing, "quick": args.quick}

    def sections(self) -> Iterator[str]:
        """Measure section by section, each named when it is in the result."""
        for name in self.args.only:
            self.result[name] = getattr(self, f"_{name}")()
            yield name

    def _peers(self) -> dict[str, Any]:
        """Every program on the mixed capture."""
        made = self._capture(self.args.flows, live=False)
        found = {}
        for variant in self.args.variant:
            chosen = [program for program in self.programs if variant == "full" or not program.whole]
            found[variant] = rows(self._turn(chosen, made, variant))
        return found

    def _kernel(self) -> dict[str, Any]:
        """The kernel on the mixed capture, whole packets: it drops what is cut."""
        problem = kernel.missing()
        if problem is not None:
            self.result["missing"][figures.KERNEL] = problem
            return {}
        made = self._capture(self.args.flows, live=False)
        return asdict(kernel.measure(made.part("full"), self.args.repeat, self.args.core, self.tools))

    def _growth(self) -> list[dict[str, Any]]:
        """The programs that can do it, with more and more live flows."""
        chosen = [program for program in self.programs if program.grows]
        found = []
        for flows in self.args.live:
            made = self._capture(flows, live=True)
            for variant in self.args.growth_variant:
                found.append(
                    {
                        "flows": flows,
                        "variant": variant,
                        "whole": rows(self._turn(chosen, made, variant)),
                        "opening": rows(self._turn(chosen, made, variant, ".open")),
                    }
                )
        return found

    def _own(self) -> dict[str, Any]:
        """ctcore's commands and ways of use; ten packets a flow, and the mixed capture."""
        few = self._capture(self.args.packets // 10, live=False)
        made = self._capture(self.args.flows, live=False)
        return {
            "commands": rows(self._turn(own.commands(self.builds), few, "snapped")),
            "ways": rows(self._turn(own.ways(self.builds), made, "snapped")),
            "udp": made.totals[""]["udp_packets"],
        }

    def _capture(self, flows: int, live: bool) -> CaptureFile:
        packets = max(self.args.packets, PACKETS_A_FLOW * flows) if live else self.args.packets
        return capture(self.directory, packets, flows, self.args.seed, live)

    def _turn(self, chosen: list[Program], made: CaptureFile, variant: str, part: str = "") -> list[Series]:
        parts = {
            program.name: made.part("full" if program.whole else variant, ".head" if program.slow else part)
            for program in chosen
        }
        return in_turn(chosen, parts, self.args.repeat, self.args.core)


def rows(series: list[Series]) -> list[dict[str, Any]]:
    """Plain data."""
    return [asdict(one) for one in series]


def machine(args: argparse.Namespace) -> dict[str, str]:
    """Return where and how it is measured."""
    described = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in described if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "repeat": str(args.repeat),
        "date": time.strftime("%Y-%m-%d"),
    }


@contextmanager
def directory(given: Path | None) -> Iterator[Path]:
    """The directory for captures: the user's, or one that goes away."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="ctcore-benchmark-") as made:
        yield Path(made)


def main() -> None:
    """Measure, print, write the JSON file."""
    args = arguments()
    try:
        with directory(args.directory) as captures, tempfile.TemporaryDirectory() as tools:
            benchmark = Benchmark(args, captures, Path(tools))
            print(report.heading(benchmark.result), flush=True)
            for section in benchmark.sections():
                print(report.section(benchmark.result, section), flush=True)
                if args.json:
                    args.json.write_text(json.dumps(benchmark.result, indent=1) + "\n")
    except Failure as failure:
        sys.exit(f"run: {failure}")
    if report.disagreements(benchmark.result):
        sys.exit("run: not all totals agree, see above")


if __name__ == "__main__":
    main()
