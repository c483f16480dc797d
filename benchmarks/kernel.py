"""What the running kernel's own connection tracking costs: forwarding with it less forwarding without it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from captures import Failure, Part
from programs import PEERS, built

MODES = "plain", "tracked", "unverified"
MOST = Path("/proc/sys/net/netfilter/nf_conntrack_max")


@dataclass
class Cost:
    """Nanoseconds of processor time a packet, of each round, without tracking, with it, with it without checksums."""

    flows: int
    packets: int
    status: str = ""
    times: Mapping[str, list[float]] = field(default_factory=lambda: {mode: [] for mode in MODES})

    def tracking(self, mode: str = "tracked") -> float | None:
        """Nanoseconds a packet for tracking alone, the median over the rounds."""
        pairs = zip(self.times["plain"], self.times[mode], strict=True)
        return median(with_it - without for without, with_it in pairs) if self.times[mode] else None


def missing() -> str | None:
    """Why the kernel cannot be measured here, or None."""
    if os.geteuid():
        return "needs root"
    lacking = [name for name in ("cc", "ip", "nft", "unshare") if not shutil.which(name)]
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    return None if MOST.exists() else "this kernel has no nf_conntrack loaded"


def measure(part: Part, repeat: int, core: int, directory: Path) -> Cost:
    """Forward a full capture through the kernel, in each mode in turn, ``repeat`` times and once to warm up."""
    cost = Cost(part.flows, part.truth["packets"])
    program, problem = built("tunfeed", directory)
    if problem is None and part.flows > int(MOST.read_text()):
        problem = f"{part.flows:,} flows are more than this machine's nf_conntrack_max, {int(MOST.read_text()):,}"
    if problem is not None:
        cost.status = problem
        return cost
    for number in range(repeat + 1):
        for mode in MODES:
            try:
                nanoseconds, counted = _forward(mode, program, part.path, core)
            except Failure as failure:
                cost.status = str(failure)
                return cost
            if counted != (cost.packets, cost.packets, 0 if mode == "plain" else part.flows):
                cost.status = "{:,} packets sent, {:,} forwarded, {:,} flows left".format(*counted)
            if number:
                cost.times[mode].append(nanoseconds / cost.packets)
    cost.status = cost.status or "agrees"
    return cost


def _forward(mode: str, program: str, path: Path, core: int) -> tuple[int, tuple[int, int, int]]:
    """One run: its nanoseconds; packets sent and forwarded, flows in the table afterwards."""
    done = subprocess.run(
        ["sh", str(PEERS / "kernel.sh"), mode, program, str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    form = r"(\d+) packets (\d+) ns (\d+) refused\n(\d+) forwarded (\d+) flows"
    if done.returncode or (found := re.fullmatch(form, done.stdout.strip())) is None:
        raise Failure(f"failed, saying: {(done.stderr.strip().splitlines() or ['nothing'])[-1]}")
    sent, nanoseconds, refused, forwarded, flows = map(int, found.groups())
    return nanoseconds, (sent - refused, forwarded, flows)
