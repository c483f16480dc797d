"""Show which functions of ctcore take the time: `ctcore count` on the first packets of a capture.

The command runs three times in this process: to import everything, to take the time, and under cProfile. The
profiler slows short functions down most: let the shares say where to look, and run.py whether it helped.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import io
import pstats
import runpy
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MAGIC = 0xA1B2C3D4, 0xA1B23C4D
"""How a pcap file begins, with microseconds and with nanoseconds, in either byte order."""


def head(source: Path, target: Path, packets: int) -> int:
    """Copy the first packets of a pcap file; return how many there were. ValueError: no pcap file."""
    with open(source, "rb") as capture, open(target, "wb") as copy:
        start = capture.read(24)
        order = next((o for o in "<>" if start[:4] in [struct.pack(o + "I", magic) for magic in MAGIC]), None)
        if order is None:
            raise ValueError(f"{source} is no pcap file")
        copy.write(start)
        length = struct.Struct(order + "8xI4x")
        done = 0
        while done < packets and len(record := capture.read(16)) == 16:
            copy.write(record + capture.read(length.unpack(record)[0]))
            done += 1
    return done


def command(module: str, words: list[str]) -> float:
    """Run `python -m module words` in this process, without output, and return the seconds it took."""
    sys.argv = [module, *words]
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as done:
            if done.code:
                raise
    return time.perf_counter() - start


def table(profile: cProfile.Profile, packets: int, lines: int) -> list[str]:
    """Return the functions with the most time of their own: nanoseconds and calls per packet, share."""
    stats: dict[tuple[str, int, str], Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(entry[2] for entry in stats.values())
    rows = [f"{'own ns/p':>9} {'with callees':>12} {'calls/p':>8} {'share':>6}  function"]
    longest = sorted(stats.items(), key=lambda item: -item[1][2])[:lines]
    for (file, line, name), (_, calls, own, total, _) in longest:
        place = f"{Path(file).parent.name}/{Path(file).name}:{line} {name}" if line else name
        times = f"{own / packets * 1e9:9.0f} {total / packets * 1e9:12.0f}"
        rows.append(f"{times} {calls / packets:8.2f} {own / whole:6.1%}  {place}")
    return rows


def main() -> None:
    """Profile what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("capture", type=Path)
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=25)
    parser.add_argument("--module", default="ctcore", help="what to run in its place")
    parser.add_argument("--words", default="count", help="its arguments, before the capture")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        part = Path(directory, "head.pcap")
        try:
            packets = head(args.capture, part, args.packets)
        except (OSError, ValueError) as error:
            sys.exit(f"hotpath: {error}")
        if not packets:
            sys.exit(f"hotpath: {args.capture} has no packets")
        words = [*args.words.split(), str(part)]
        command(args.module, words)
        plain = command(args.module, words)
        profile = cProfile.Profile()
        with profile:
            profiled = command(args.module, words)
    print(f"{packets} packets: {plain / packets * 1e6:.2f} us/packet, profiled {profiled / packets * 1e6:.2f}")
    print("\n".join(table(profile, packets, args.lines)))


if __name__ == "__main__":
    main()
