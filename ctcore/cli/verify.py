"""``ctcore verify``: the running kernel's answer, or a recorded one, beside ctcore's or another tracker's."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from ctcore.cli.against import STDIN, Terms, Wish, shown, verify
from ctcore.cli.conduct import INPUT, say
from ctcore.cli.options import command as define
from ctcore.cli.options import helper_option, option, plugin_choice
from ctcore.cli.progress import Progress
from ctcore.cli.session import load_plugins, warn_of
from ctcore.errors import CaptureError, CtcoreError
from ctcore.registry import Registry
from ctcore.verify import report
from ctcore.verify.realtime import REAL_TIME
from ctcore.verify.sidebyside import Outcome
from ctcore.verify.sides import parse_settings
from ctcore.verify.tracker import PATIENCE, Tracker


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
@option("--real-time", is_flag=True, help="Keep the capture's pauses, and compare when flows end as well.")
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
@plugin_choice
def command(
    captures: tuple[str, ...],
    bpf: str | None,
    settings: tuple[str, ...],
    helpers: tuple[str, ...],
    real_time: bool,
    record: str | None,
    recorded: str | None,
    tracker: str | None,
    patience: float,
    strict_plugins: bool,
    no_plugin: tuple[str, ...],
    plugin: tuple[str, ...],
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
    capture are left out, so that no flow of it grows old. With --real-time the
    pauses are kept, flows expire, and it takes as long as the capture did.

    With --tracker another program is compared in place of ctcore. It is given a
    capture of the same packets, each with the time at which the kernel had it,
    and prints a line for each as "ctcore trace -o json" does. A word of COMMAND
    with {sysctl} is repeated for every setting, as NAME=VALUE, and one with
    {helper} for every helper, as NAME:PROTO:PORT. What the program does not print
    is not compared, nor are its DESTROY events with --real-time. The manual has
    the lines, field by field.

    The exit status is 0 where both sides agree on everything; 1 where they
    differ anywhere, where a capture cannot be read to its end or has nothing to
    compare (what was read is compared still, and the other captures), where the
    tracker or a plugin fails, and where no comparison can be made; 2 for a wrong
    command line.

    \b
    Examples:
      sudo ctcore verify http.pcap
      sudo ctcore verify --set nf_conntrack_tcp_loose=0 *.pcap
      sudo ctcore verify --bpf 'tcp port 80' big.pcap
      sudo ctcore verify --helper ftp ftp.pcap      with the helper on both sides
      sudo ctcore verify --no-plugin udp --plugin ./udp.py dns.pcap
      sudo ctcore verify --real-time --set nf_conntrack_udp_timeout=3 dns.pcap
      sudo ctcore verify --record answers *.pcap    keep the kernel's answers
      ctcore verify --recorded answers *.pcap       compare with them, anywhere
      ctcore verify --recorded answers --tracker 'mine --json {capture}' *.pcap
    """
    _check(captures, bpf, settings + helpers, real_time, record, recorded)
    registry = load_plugins(strict_plugins, no_plugin, plugin)
    warn_of(registry)
    other = None if tracker is None else _tracker(tracker, patience)
    complaints: list[str] = []
    terms = _terms(settings, helpers, real_time, registry)
    wish = Wish(bpf, terms, record, recorded, other, registry, complaints.append)
    outcomes: list[Outcome] = []
    faults: list[CtcoreError] = []
    try:
        with Progress(sys.stderr.isatty() and not sys.stdout.isatty()) as progress:
            for capture in captures:
                try:
                    outcome = verify(capture, wish, progress)
                except CaptureError as error:
                    faults.append(error)
                    continue
                print("\n".join((report.verdict_line(shown(capture), outcome), *report.details(outcome))), flush=True)
                outcomes.append(outcome)
                faults += outcome.faults
    finally:
        _conclude(outcomes, [*dict.fromkeys(complaints), *faults])
    if not all(outcome.agrees for outcome in outcomes) or faults or complaints:
        sys.exit(INPUT)


def _conclude(outcomes: list[Outcome], faults: Sequence[CtcoreError | str]) -> None:
    """Print the table of what was compared, and then what went wrong: a plugin's fault, a capture cut short."""
    if outcomes:
        print("\n" + "\n".join(report.agreement(outcome.comparison for outcome in outcomes)))
    for fault in faults:
        say(f"ctcore: {fault}")


def _tracker(command: str, patience: float) -> Tracker:
    try:
        return Tracker(command, patience)
    except CtcoreError as error:
        raise click.UsageError(str(error)) from None


def _terms(settings: tuple[str, ...], helpers: tuple[str, ...], real_time: bool, registry: Registry) -> Terms:
    """Raises click.UsageError where a setting takes away what the comparison needs, and SysctlError for a bad one."""
    sysctls = parse_settings(settings, registry)
    if not real_time:
        return Terms(sysctls, helpers, False)
    for name in REAL_TIME:
        if not sysctls.get(name, 1):
            raise click.UsageError(f"--real-time needs {name}, which --set turns off")
    return Terms({**REAL_TIME, **sysctls}, helpers, True)


def _check(
    captures: tuple[str, ...],
    bpf: str | None,
    chosen: tuple[str, ...],
    real_time: bool,
    record: str | None,
    recorded: str | None,
) -> None:
    """Raises click.UsageError for options that go ill together."""
    if recorded is not None and (record is not None or chosen or real_time or bpf is not None):
        raise click.UsageError(
            "--recorded goes without --record, --set, --helper, --real-time and --bpf: a recording has its own "
            "settings, helpers, pauses and filter"
        )
    if STDIN in captures and (record is not None or recorded is not None):
        raise click.UsageError("a recording needs a file: standard input has no name")
    names = [os.path.basename(capture) for capture in captures]
    if record is not None and len(set(names)) < len(names):
        raise click.UsageError("two captures of the same name would be recorded in one file")
