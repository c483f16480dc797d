"""``ctcore verify``: the running kernel's answer, or a recorded one, beside ctcore's or another tracker's."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import click

from ctcore.cli.conduct import INPUT, say
from ctcore.cli.options import command as define
from ctcore.cli.options import helper_option, option
from ctcore.cli.progress import Progress
from ctcore.cli.session import load_plugins, warn_of
from ctcore.errors import CaptureError, CtcoreError
from ctcore.registry import Registry
from ctcore.sources import Capture, open_capture
from ctcore.verify import report
from ctcore.verify.outside import replay_outside
from ctcore.verify.recorded import Recorder, Recording, place
from ctcore.verify.sidebyside import Outcome, replay
from ctcore.verify.sides import Judge, KernelJudge, Own, opened, parse_settings
from ctcore.verify.tracker import PATIENCE, Tracker

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for, the captures apart."""

    bpf: str | None
    sysctls: dict[str, int]
    helpers: tuple[str, ...]
    record: str | None
    recorded: str | None
    tracker: Tracker | None
    registry: Registry


@define("Does the running kernel say the same?")
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True)
@option("--bpf", metavar="FILTER", help="Only packets that match this libpcap filter.")
@option(
    *("--set", "settings"),
    metavar="NAME=VALUE",
    multiple=True,
    help='A setting for both sides, see "ctcore sysctl"; may be repeated.',
)
@helper_option("Options")
@option("--record", metavar="DIR", help="Write the kernel's answers to DIR/CAPTURE.jsonl.gz as well.")
@option("--recorded", metavar="DIR", help="Ask no kernel: compare with what --record wrote there. Needs no root.")
@option(
    "--tracker",
    metavar="COMMAND",
    section="Another tracker",
    help="Compare this program in place of ctcore; {capture} in it is the file that it is to track.",
)
@option(
    "--tracker-timeout",
    "patience",
    type=click.FloatRange(min=0, min_open=True),
    default=PATIENCE,
    metavar="SECONDS",
    section="Another tracker",
    help=f"How long it may be silent before it is ended; {PATIENCE:g} where not given.",
)
def command(
    captures: tuple[str, ...],
    bpf: str | None,
    settings: tuple[str, ...],
    helpers: tuple[str, ...],
    record: str | None,
    recorded: str | None,
    tracker: str | None,
    patience: float,
) -> None:
    """Replay captures through the running kernel and through ctcore, and compare.

    Each capture goes into a new network namespace, where the kernel's own
    nf_conntrack tracks it, and packet by packet into ctcore. The machine's own
    network is not touched, and nothing is left behind. It takes root, the
    program nft, and pip install 'ctcore[kernel]'.

    A line tells about each capture. Where the sides differ, the first packet of
    which they say different things follows, with both accounts of it; a * marks
    what differs. At the end stands how often each field was compared and how
    often it agreed. Packets are sent as fast as they go: the pauses of the
    capture are left out, so that no flow of it grows old.

    With --tracker another program is compared in place of ctcore. It is given a
    capture of the same packets, each with the time at which the kernel had it,
    and prints a line for each as "ctcore trace -o json" does. A word of COMMAND
    with {sysctl} is repeated for every setting, as NAME=VALUE. What the program
    does not print is not compared. The manual has the lines, field by field.

    The exit status is 0 where both sides agree on everything; 1 where they
    differ anywhere, where a capture cannot be read to its end or has nothing to
    compare (what was read is compared still, and the other captures), where the
    tracker fails, and where no comparison can be made; 2 for a wrong command
    line.

    \b
    Examples:
      sudo ctcore verify http.pcap
      sudo ctcore verify --set nf_conntrack_tcp_loose=0 *.pcap
      sudo ctcore verify --bpf 'tcp port 80' big.pcap
      sudo ctcore verify --helper ftp ftp.pcap      with the helper on both sides
      sudo ctcore verify --record answers *.pcap    keep the kernel's answers
      ctcore verify --recorded answers *.pcap       compare with them, anywhere
      ctcore verify --recorded answers --tracker 'mine --json {capture}' *.pcap
    """
    _check(captures, bpf, settings + helpers, record, recorded)
    registry = load_plugins(False, ())
    warn_of(registry)
    other = None if tracker is None else _tracker(tracker, patience)
    wish = Wish(bpf, parse_settings(settings, registry), helpers, record, recorded, other, registry)
    outcomes: list[Outcome] = []
    faults: list[CtcoreError] = []
    try:
        with Progress(sys.stderr.isatty() and not sys.stdout.isatty()) as progress:
            for capture in captures:
                try:
                    outcome = _verify(capture, wish, progress)
                except CaptureError as error:
                    faults.append(error)
                    continue
                print("\n".join((report.verdict_line(_name(capture), outcome), *report.details(outcome))), flush=True)
                outcomes.append(outcome)
                faults += outcome.faults
    finally:
        _conclude(outcomes, faults)
    if not all(outcome.agrees for outcome in outcomes) or faults:
        sys.exit(INPUT)


def _conclude(outcomes: list[Outcome], faults: list[CtcoreError]) -> None:
    """Print the table of what was compared, and then why not everything was."""
    if outcomes:
        print("\n" + "\n".join(report.agreement(outcome.comparison for outcome in outcomes)))
    for fault in faults:
        say(f"ctcore: {fault}")


def _tracker(command: str, patience: float) -> Tracker:
    try:
        return Tracker(command, patience)
    except CtcoreError as error:
        raise click.UsageError(str(error)) from None


def _check(
    captures: tuple[str, ...], bpf: str | None, chosen: tuple[str, ...], record: str | None, recorded: str | None
) -> None:
    """Raises click.UsageError for options that go ill together."""
    if recorded is not None and (record is not None or chosen or bpf is not None):
        raise click.UsageError(
            "--recorded goes without --record, --set, --helper and --bpf: a recording has its own settings and filter"
        )
    if STDIN in captures and (record is not None or recorded is not None):
        raise click.UsageError("a recording needs a file: standard input has no name")
    names = [os.path.basename(capture) for capture in captures]
    if record is not None and len(set(names)) < len(names):
        raise click.UsageError("two captures of the same name would be recorded in one file")


def _verify(capture: str, wish: Wish, progress: Progress) -> Outcome:
    if wish.recorded is not None:
        return _against_recording(capture, wish.recorded, wish, progress)
    own = Own(wish.sysctls, wish.registry, wish.helpers)
    with ExitStack() as stack:
        source = stack.enter_context(open_capture(capture, wish.bpf))
        judge = KernelJudge(stack.enter_context(opened(wish.sysctls, own.assignments)), own.ethertypes)
        if wish.record is None:
            return _compared(source, judge, own, wish.sysctls, wish, progress)
        recorder = Recorder(judge, capture, wish.sysctls, wish.bpf, wish.helpers)
        outcome = _compared(source, recorder, own, wish.sysctls, wish, progress)
    path = place(wish.record, capture)
    try:
        recorder.save(path)
    except OSError as error:
        raise CtcoreError(f"{path}: cannot be written: {error.strerror}") from None
    return outcome


def _against_recording(capture: str, folder: str, wish: Wish, progress: Progress) -> Outcome:
    judge = Recording(place(folder, capture))
    judge.check(capture)
    with open_capture(capture, judge.bpf) as source:
        own = Own(judge.sysctls, wish.registry, judge.helpers)
        return _compared(source, judge, own, judge.sysctls, wish, progress)


def _compared(
    source: Capture, judge: Judge, own: Own, sysctls: Mapping[str, int], wish: Wish, progress: Progress
) -> Outcome:
    """The judge's word beside that of ctcore, or of the program that stands in for it."""
    if wish.tracker is None:
        return replay(source, judge, own, progress.update)
    return replay_outside(source, judge, wish.tracker, sysctls, own.ethertypes, progress.update)


def _name(capture: str) -> str:
    return "standard input" if capture == STDIN else capture
