"""The command: rounds of packets until enough of them agreed, or a difference is found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from random import Random

from ctcore.errors import CtcoreError
from ctcore.verify.fuzz.profiles import PROFILES, packets_of
from ctcore.verify.fuzz.run import Rounds
from ctcore.verify.fuzz.settings import settings
from ctcore.verify.fuzz.show import test_case
from ctcore.verify.fuzz.shrink import shrink


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 0 where every packet agreed, 1 where one did not, 2 for a wrong command line."""
    arguments = _parser().parse_args(argv)
    try:
        return _fuzz(arguments)
    except CtcoreError as error:
        print(f"ctcore.verify.fuzz: {error}", file=sys.stderr)
        return 1


def _fuzz(arguments: argparse.Namespace) -> int:
    rounds = Rounds()
    begin, done, number, found = time.monotonic(), 0, 0, 0
    while done < arguments.packets and found < arguments.differences:
        varied = settings(arguments.seed, number) if arguments.vary else {}
        rounds.sysctls = {**varied, **dict(arguments.set)}
        packets = packets_of(arguments.profile, arguments.seed, number, arguments.round)
        outcome = rounds.run(packets)
        done += outcome.comparison.packets
        if outcome.difference is not None:
            found += 1
            print(f"round {number}: {outcome.difference}", flush=True)
            few = shrink(rounds, packets[: len(outcome.kernel)])
            print(test_case(few, rounds, arguments.profile), flush=True)
        number += 1
    pace = done / (time.monotonic() - begin)
    under = "varied settings" if arguments.vary else "default settings"
    under += "".join(f", {name}={value}" for name, value in arguments.set)
    print(
        f"profile {arguments.profile}, seed {arguments.seed}, {under}: {done} packets in {number} rounds, "
        f"{pace:.0f} a second; {found} differences",
        flush=True,
    )
    return int(found > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ctcore.verify.fuzz", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mixed", help="what kind of traffic")
    parser.add_argument("--packets", type=int, default=20000, help="stop after that many")
    parser.add_argument("--round", type=int, default=500, help="packets in one table")
    parser.add_argument("--seed", type=int, default=Random().getrandbits(32), help="the same one, the same packets")
    parser.add_argument("--differences", type=int, default=1, help="stop after that many")
    parser.add_argument("--vary", action="store_true", help="each round under other settings")
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help="a sysctl")
    return parser


def _setting(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    return name, int(value)
