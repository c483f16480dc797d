"""``ctcore events``: what happened to flows, as ``conntrack -E`` prints it."""

from __future__ import annotations

import sys
from typing import Any, Final

import click

from ctcore.cli.conduct import say
from ctcore.cli.filters import Filter, filtering
from ctcore.cli.options import Reading, option, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import FLAGS, Format, event_printer, output_option
from ctcore.cli.session import Session
from ctcore.conn import Conn, EventKind
from ctcore.formats import text, xml

KINDS: Final = {
    "ALL": frozenset(EventKind),
    "NEW": frozenset({EventKind.NEW}),
    "UPDATES": frozenset({EventKind.UPDATE}),
    "UPDATE": frozenset({EventKind.UPDATE}),
    "DESTROY": frozenset({EventKind.DESTROY}),
}


class EventNames(click.ParamType):
    """Names of kinds of events, joined by commas; converted to the set of them."""

    name = "EVENTS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[EventKind]:
        """Take the text apart; a wrong command line where a name is unknown."""
        kinds: frozenset[EventKind] = frozenset()
        for name in str(value).upper().split(","):
            if name not in KINDS:
                self.fail(f"{name!r} is none of ALL, NEW, UPDATES, DESTROY", param, ctx)
            kinds |= KINDS[name]
        return kinds


@define("What happened to flows, as it happens (conntrack -E).")
@option(
    "-e",
    "--event-mask",
    "kinds",
    type=EventNames(),
    default="ALL",
    metavar="NAME[,NAME...]",
    help="Only these events: ALL, NEW, UPDATES, DESTROY.",
    section="Output",
)
@output_option("xml", "save", "json", flags=FLAGS)
@filtering
@reading
def command(reading: Reading, kinds: frozenset[EventKind], chosen: Format, filters: Filter) -> None:
    """Print the events of flows as they happen, a line for each.

    Lines are those of "conntrack -E". Flows that are alive after the last packet have no DESTROY event. A filter looks
    at the flow as it is when the event comes.

    \b
    Examples:
      ctcore events http.pcap
      ctcore events -e NEW,DESTROY -o timestamp http.pcap
      ctcore events -p tcp -e UPDATES --state ESTABLISHED http.pcap
      ctcore events -e DESTROY --set nf_conntrack_acct=1 -o json http.pcap
                                 a record for each flow that ended, with its counters
      tcpdump -U -w - | ctcore events -
    """
    session = Session(reading, chatty=True)
    net = session.net
    test = filters.bind(net)
    line = event_printer(chosen)
    shown = 0

    def on_event(kind: EventKind, ct: Conn, mask: int) -> None:
        nonlocal shown
        if kind in kinds and (test is None or test(ct)):
            if chosen.name == "xml" and not shown:
                print(xml.OPENING)
            shown += 1
            sys.stdout.write(line(kind, ct, mask, net.now) + "\n")

    net.notifier.listeners.append(on_event)
    session.replay()
    if chosen.name == "xml" and shown:
        print(xml.CLOSING)
    say(text.footer(shown, "flow events have been shown"))
    session.finish()
