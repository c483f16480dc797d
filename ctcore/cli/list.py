"""``ctcore list``: the table after the last packet, as ``conntrack -L`` prints it."""

from __future__ import annotations

import sys

from ctcore.cli.conduct import say
from ctcore.cli.filters import Filter, Test, filtering, refuse_filters
from ctcore.cli.options import Reading, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import PROC, Lines, expect_option, lines_option
from ctcore.cli.session import Session
from ctcore.formats.text import EXPECTATIONS_SHOWN, footer
from ctcore.netns import Net


@define("The table after the last packet (conntrack -L).")
@lines_option(PROC)
@expect_option("Print the flows that helpers expect, in place of those in the table (conntrack -L expect).")
@filtering
@reading
def command(reading: Reading, lines: Lines, expect: bool, filters: Filter) -> None:
    """Print the connection tracking table after the last packet, a line for each flow.

    Lines are those of "conntrack -L"; the time left counts from the last packet on. Flows stand in the order
    in which they came (the kernel's own order is random). How many were shown is said on standard error.

    \b
    Examples:
      ctcore list http.pcap
      ctcore list -p tcp --state TIME_WAIT http.pcap
      ctcore list -s 192.0.2.0/24 -u ASSURED -o extended,id *.pcap
      ctcore list -o json http.pcap       an object for each flow
      ctcore list -o save http.pcap       options for "conntrack --load-file"
      ctcore list -o proc http.pcap       lines of /proc/net/nf_conntrack
      ctcore list --set nf_conntrack_acct=1 http.pcap       with counters
      ctcore list --helper ftp --expect ftp.pcap       what the helper expects
    """
    session = Session(reading)
    test = filters.bind(session.net)
    refuse_filters(expect, test)
    session.replay()
    with session.blame():
        shown = _print_expected(session.net, lines.for_expectations()) if expect else _print(session.net, lines, test)
    say(footer(shown, EXPECTATIONS_SHOWN) if expect else footer(shown))
    session.finish()


def _print_expected(net: Net, lines: Lines) -> int:
    """Print what is expected, what is due first first; returns how many."""
    expected = sorted(net.expectations, key=lambda exp: exp.expires)
    for shown, exp in enumerate(expected):
        line = lines.expectation(exp, net.now)
        sys.stdout.write(line if shown else lines.opening + line)
    if expected:
        sys.stdout.write(lines.closing)
    return len(expected)


def _print(net: Net, lines: Lines, test: Test | None) -> int:
    """Print the flows that pass the test; returns how many."""
    shown = 0
    for ct in net.table:
        if test is None or test(ct):
            sys.stdout.write(lines.flow(ct, net.now) if shown else lines.opening + lines.flow(ct, net.now))
            shown += 1
    if shown:
        sys.stdout.write(lines.closing)
    return shown
