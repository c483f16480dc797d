"""The command: hunt until enough packets agreed, and print each difference as a test case."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import islice
from random import Random

from ctcore.errors import CtcoreError
from ctcore.verify.fuzz.hunt import ROUND, Hunt
from ctcore.verify.fuzz.profiles import PROFILES
from ctcore.verify.fuzz.show import test_case
from ctcore.verify.fuzz.shrink import shrink


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 0 where every packet agreed, 1 where one did not, 2 for a wrong command line."""
    arguments = _parser().parse_args(argv)
    fixed = dict(arguments.set)
    try:
        hunt = Hunt(arguments.profile, arguments.seed, arguments.round, fixed, arguments.vary)
        return _report(hunt, arguments.packets, arguments.differences)
    except CtcoreError as error:
        print(f"ctcore.verify.fuzz: {error}", file=sys.stderr)
        return 1


def _report(hunt: Hunt, limit: int, most: int) -> int:
    begin, found = time.monotonic(), 0
    for packets, outcome in islice(hunt.differences(limit), most):
        found += 1
        print(f"round {hunt.number}: {outcome.difference}", flush=True)
        print(test_case(shrink(hunt.rounds, packets), hunt.rounds, hunt.profile), flush=True)
    under = ["varied settings" if hunt.vary else "default settings"]
    under += [f"{name}={value}" for name, value in hunt.fixed.items()]
    pace = hunt.packets / (time.monotonic() - begin)
    print(
        f"profile {hunt.profile}, seed {hunt.seed}, {', '.join(under)}: {hunt.packets} packets in {hunt.number} "
        f"rounds, {pace:.0f} a second; {found} differences",
        flush=True,
    )
    return int(found > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ctcore.verify.fuzz", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mixed", help="what kind of traffic")
    parser.add_argument("--packets", type=int, default=20000, help="stop after that many")
    parser.add_argument("--round", type=int, default=ROUND, help="packets in one table")
    parser.add_argument("--seed", type=int, default=Random().getrandbits(32), help="the same one, the same packets")
    parser.add_argument("--differences", type=int, default=1, help="stop after that many")
    parser.add_argument("--vary", action="store_true", help="each round under other settings")
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help="a sysctl")
    return parser


def _setting(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    return name, int(value)
