"""The command: hunt until enough packets agreed, and print each difference as a test case."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from random import Random
from typing import Final

from ctcore.errors import CtcoreError
from ctcore.verify.fuzz.hunt import ROUND, Hunt
from ctcore.verify.fuzz.outside import OutsideRounds
from ctcore.verify.fuzz.profiles import EVERY, HELPED
from ctcore.verify.fuzz.run import Rounds
from ctcore.verify.fuzz.settings import steady
from ctcore.verify.fuzz.show import test_case
from ctcore.verify.fuzz.shrink import shrink
from ctcore.verify.sides import parse_settings
from ctcore.verify.tracker import HELPER, PATIENCE, Tracker, TrackerHangs

ALL: Final = "all"
ENOUGH: Final = 20000
_PROGRAM: Final = "python -m ctcore.verify.fuzz"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 0 where every packet agreed, 1 where one did not or cannot be asked, 2 for a wrong command line."""
    wanted = _parser().parse_args(argv)
    if wanted.packets is None and wanted.seconds is None:
        wanted.packets = ENOUGH
    try:
        fixed = steady(parse_settings(wanted.set))
        tracker = Tracker(wanted.tracker, wanted.tracker_timeout) if wanted.tracker else None
        rounds = Rounds() if tracker is None else OutsideRounds(tracker)
        return _hunt(wanted, _profiles(wanted.profile, tracker), fixed, rounds)
    except CtcoreError as error:
        print(f"ctcore.verify.fuzz: {error}", file=sys.stderr)
        return 1


def _profiles(wanted: str, tracker: Tracker | None) -> list[str]:
    """The profiles that a name stands for; a tracker without helpers is not asked for flows that have one."""
    if wanted != ALL:
        return [wanted]
    if tracker is None or tracker.takes_helpers:
        return sorted(EVERY)
    print(f"{ALL} without {', '.join(sorted(HELPED))}: the tracker's command has no {HELPER}", file=sys.stderr)
    return sorted(EVERY.keys() - HELPED.keys())


def _hunt(wanted: argparse.Namespace, profiles: Sequence[str], fixed: Mapping[str, int], rounds: Rounds) -> int:
    """Each profile in turn, the time being shared out among those that are left."""
    begin, status = time.monotonic(), 0
    for at, profile in enumerate(profiles):
        hunt = Hunt(profile, wanted.seed, wanted.round, fixed, wanted.vary, rounds, number=wanted.begin - 1)
        left = None if wanted.seconds is None else wanted.seconds - (time.monotonic() - begin)
        status |= _report(hunt, wanted, None if left is None else left / (len(profiles) - at))
    return status


def _report(hunt: Hunt, wanted: argparse.Namespace, seconds: float | None) -> int:
    begin, found, first = time.monotonic(), 0, hunt.number
    limits = (wanted.packets,) if seconds is None else (wanted.packets, seconds)
    try:
        for packets, outcome in islice(hunt.differences(*limits), wanted.differences):
            found += 1
            print(f"round {hunt.number}: {outcome.difference}", flush=True)
            print(f"# again: {_again(hunt, wanted)}", flush=True)
            print(test_case(shrink(hunt.rounds, packets), hunt.rounds, hunt.profile), flush=True)
    except TrackerHangs as error:
        raise CtcoreError(f"{error} (again: {_again(hunt, wanted)})") from None
    under = ["varied settings" if hunt.vary else "default settings"]
    under += [f"{name}={value}" for name, value in hunt.fixed.items()]
    pace = hunt.packets / (time.monotonic() - begin)
    print(
        f"profile {hunt.profile}, seed {hunt.seed}, {', '.join(under)}: {hunt.packets} packets in "
        f"{hunt.number - first} rounds, {pace:.0f} a second; {found} differences",
        flush=True,
    )
    return int(found > 0)


def _again(hunt: Hunt, wanted: argparse.Namespace) -> str:
    """The command that begins with the round at hand, and ends with it."""
    words = [f"--profile={hunt.profile}", f"--seed={hunt.seed}", f"--begin={max(hunt.number, 1)}"]
    words += [f"--round={hunt.size}", f"--packets={hunt.size}", *["--vary"] * hunt.vary]
    words += [f"--set={name}={value}" for name, value in hunt.fixed.items()]
    words += [f"--tracker={wanted.tracker}"] if wanted.tracker else []
    return f"{_PROGRAM} {shlex.join(words)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=__doc__)
    add = parser.add_argument
    add("--profile", choices=[*sorted(EVERY), ALL], default="mixed", help="what kind of traffic")
    add("--packets", type=_positive, help=f"stop after that many, {ENOUGH} where --seconds is not given either")
    add("--seconds", type=_positive, help="begin no round after that time, but the first of every profile")
    add("--round", type=_positive, default=ROUND, help="packets in one table")
    add("--begin", type=_positive, default=1, help="the first round")
    add("--seed", type=int, default=Random().getrandbits(32), help="the same one, the same packets")
    add("--differences", type=_positive, default=1, help="stop a profile after that many")
    add("--vary", action="store_true", help="each round under other settings")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a sysctl")
    add("--tracker", metavar="COMMAND", help='compare this program in place of ctcore, see "ctcore verify --help"')
    add("--tracker-timeout", type=_positive, default=PATIENCE, metavar="SECONDS", help="how long it may be silent")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number
