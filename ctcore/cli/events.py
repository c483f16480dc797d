"""``ctcore events``: what happened to flows, as ``conntrack -E`` prints it."""

from __future__ import annotations

import sys
from typing import Final

import click

from ctcore.cli.conduct import say
from ctcore.cli.filters import Filter, filtering, refuse_filters
from ctcore.cli.options import Reading, option, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import EXPECT, Lines, expect_option, lines_option
from ctcore.cli.session import Session
from ctcore.common import EventKind
from ctcore.conn import Conn
from ctcore.expect import Expectation
from ctcore.formats.text import EXPECTATION_EVENTS_SHOWN, footer

# Names of kinds of events, each with a bit for every kind that it stands for.
KINDS: Final = {
    "ALL": sum(1 << kind for kind in EventKind),
    "NEW": 1 << EventKind.NEW,
    "UPDATES": 1 << EventKind.UPDATE,
    "UPDATE": 1 << EventKind.UPDATE,
    "DESTROY": 1 << EventKind.DESTROY,
}


def event_kinds(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Names of kinds of events, joined by commas, as their bits; a wrong command line where one is unknown."""
    kinds = 0
    for name in value.upper().split(","):
        if name not in KINDS:
            raise click.BadParameter(f"{name!r} is none of ALL, NEW, UPDATES, DESTROY", ctx, param)
        kinds |= KINDS[name]
    return kinds


@define("What happened to flows, as it happens (conntrack -E).")
@option(
    "-e",
    "--event-mask",
    "kinds",
    callback=event_kinds,
    default="ALL",
    metavar="NAME[,NAME...]",
    help="Only these events: ALL, NEW, UPDATES, DESTROY.",
    section="Output",
)
@lines_option(EXPECT)
@expect_option("Print the events of expectations, in place of those of flows (conntrack -E expect); also -o expect.")
@filtering
@reading
def command(reading: Reading, kinds: int, lines: Lines, expect: bool, filters: Filter) -> None:
    """Print the events of flows as they happen, a line for each.

    Lines are those of "conntrack -E". Flows that are alive after the last packet have no DESTROY event.
    A filter looks at the flow as it is when the event comes.

    \b
    Examples:
      ctcore events http.pcap
      ctcore events -e NEW,DESTROY -o timestamp http.pcap
      ctcore events -p tcp -e UPDATES --state ESTABLISHED http.pcap
      ctcore events -e DESTROY --set nf_conntrack_acct=1 -o json http.pcap
                                   each flow that ended, with its counters
      tcpdump -U -w - | ctcore events -
      ctcore events --helper ftp --expect ftp.pcap
                                   what the helper expects, and what comes of it
    """
    session = Session(reading, chatty=True)
    net = session.net
    test = filters.bind(net)
    expect = expect or lines.expect
    refuse_filters(expect, test)
    if expect:
        lines = lines.for_expectations()
    event_line, flags, receiver = lines.format.event_line, lines.flags, net.receiver
    waiting: list[str] = []
    shown = 0

    def on_expectation(kind: EventKind, exp: Expectation) -> None:
        if kinds >> kind & 1:
            waiting.append(lines.expect_event(kind, exp, net.now))

    def on_event(kind: EventKind, ct: Conn, mask: int) -> None:
        # An event comes in the middle of a plugin's work, which must not be blamed for a failure to write.
        waiting.append(event_line(kind, ct, mask, receiver.now, flags))

    def on_chosen_event(kind: EventKind, ct: Conn, mask: int) -> None:
        if kinds >> kind & 1 and (test is None or test(ct)):
            on_event(kind, ct, mask)

    def pass_on() -> None:
        nonlocal shown
        if waiting:
            text = "\n".join(waiting) + "\n"
            sys.stdout.write(text if shown else lines.opening + text)
            shown += len(waiting)
            waiting.clear()

    if expect:
        net.notifier.expect_listeners.append(on_expectation)
    else:
        net.notifier.listeners.append(on_event if kinds == KINDS["ALL"] and test is None else on_chosen_event)
    try:
        session.replay(on_batch=pass_on)
    finally:
        pass_on()  # what came of a batch that was broken off
    if shown:
        sys.stdout.write(lines.closing)
    say(footer(shown, EXPECTATION_EVENTS_SHOWN if expect else "flow events have been shown"))
    session.finish()
