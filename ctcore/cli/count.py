"""``ctcore count``: how many flows there are, as ``conntrack -C`` prints it."""

from __future__ import annotations

from ctcore.cli.options import Reading, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import expect_option
from ctcore.cli.session import Session
from ctcore.formats.stats import count_line


@define("How many flows there are (conntrack -C).")
@expect_option("Print how many flows are expected (conntrack -C expect).")
@reading
def command(reading: Reading, expect: bool) -> None:
    """Print how many flows are tracked after the last packet: the number alone, as "conntrack -C" does.

    \b
    Examples:
      ctcore count http.pcap
      ctcore count --bpf 'udp port 53' *.pcap
      ctcore count --clock frozen http.pcap     as if all packets came at once
    """
    session = Session(reading)
    session.replay()
    print(count_line(session.net.expectations.count if expect else session.net.table.count))
    session.finish()
