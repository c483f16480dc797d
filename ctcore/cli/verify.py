"""``ctcore verify``: the running kernel's answer, or a recorded one, beside ctcore's."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import Final

import click

from ctcore.cli.conduct import INPUT
from ctcore.cli.options import command as define
from ctcore.cli.options import option
from ctcore.cli.progress import Progress
from ctcore.cli.session import load_plugins, warn_of
from ctcore.errors import CtcoreError
from ctcore.registry import Registry
from ctcore.sources import open_capture
from ctcore.verify import report
from ctcore.verify.compare import Comparison
from ctcore.verify.recorded import Recorder, Recording, place
from ctcore.verify.sidebyside import Outcome, replay
from ctcore.verify.sides import KernelJudge, Own, opened, parse_settings

STDIN: Final = "-"


@define("Does the running kernel say the same?")
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True)
@option("--bpf", metavar="FILTER", help="Only packets that match this libpcap filter.")
@option(
    *("--set", "settings"),
    metavar="NAME=VALUE",
    multiple=True,
    help='A setting for both sides, see "ctcore sysctl"; may be repeated.',
)
@option("--record", metavar="DIR", help="Write the kernel's answers to DIR/CAPTURE.jsonl.gz as well.")
@option("--recorded", metavar="DIR", help="Ask no kernel: compare with what --record wrote there. Needs no root.")
def command(
    captures: tuple[str, ...], bpf: str | None, settings: tuple[str, ...], record: str | None, recorded: str | None
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

    The exit status is 0 where both sides agree on everything, 1 where they
    differ anywhere or where they cannot be compared, 2 for a wrong command line.

    \b
    Examples:
      sudo ctcore verify http.pcap
      sudo ctcore verify --set nf_conntrack_tcp_loose=0 *.pcap
      sudo ctcore verify --bpf 'tcp port 80' big.pcap
      sudo ctcore verify --record answers *.pcap    keep the kernel's answers
      ctcore verify --recorded answers *.pcap       compare with them, anywhere
    """
    _check(captures, bpf, settings, record, recorded)
    registry = load_plugins(False, ())
    warn_of(registry)
    sysctls = parse_settings(settings, registry)
    comparisons: list[Comparison] = []
    with Progress(sys.stderr.isatty() and not sys.stdout.isatty()) as progress:
        for capture in captures:
            if recorded is not None:
                outcome = _against_recording(capture, recorded, registry, progress)
            else:
                outcome = _against_kernel(capture, bpf, sysctls, record, registry, progress)
            print("\n".join((report.verdict_line(_name(capture), outcome), *report.details(outcome))), flush=True)
            comparisons.append(outcome.comparison)
    print("\n" + "\n".join(report.agreement(comparisons)))
    if any(comparison.differences for comparison in comparisons):
        sys.exit(INPUT)


def _check(
    captures: tuple[str, ...], bpf: str | None, settings: tuple[str, ...], record: str | None, recorded: str | None
) -> None:
    """Raises click.UsageError for options that go ill together."""
    if recorded is not None and (record is not None or settings or bpf is not None):
        raise click.UsageError("--recorded goes with no other option: a recording has its own settings and filter")
    if STDIN in captures and (record is not None or recorded is not None):
        raise click.UsageError("a recording needs a file: standard input has no name")
    names = [os.path.basename(capture) for capture in captures]
    if record is not None and len(set(names)) < len(names):
        raise click.UsageError("two captures of the same name would be recorded in one file")


def _against_kernel(
    capture: str,
    bpf: str | None,
    sysctls: dict[str, int],
    record: str | None,
    registry: Registry,
    progress: Progress,
) -> Outcome:
    own = Own(sysctls, registry)
    with ExitStack() as stack:
        source = stack.enter_context(open_capture(capture, bpf))
        judge = KernelJudge(stack.enter_context(opened(sysctls)), own.ethertypes)
        if record is None:
            return replay(source, judge, own, progress.update)
        recorder = Recorder(judge, capture, sysctls, bpf)
        outcome = replay(source, recorder, own, progress.update)
    path = place(record, capture)
    try:
        recorder.save(path)
    except OSError as error:
        raise CtcoreError(f"{path}: cannot be written: {error.strerror}") from None
    return outcome


def _against_recording(capture: str, folder: str, registry: Registry, progress: Progress) -> Outcome:
    judge = Recording(place(folder, capture))
    judge.check(capture)
    with open_capture(capture, judge.bpf) as source:
        return replay(source, judge, Own(judge.sysctls, registry), progress.update)


def _name(capture: str) -> str:
    return "standard input" if capture == STDIN else capture
