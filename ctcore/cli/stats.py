"""``ctcore stats``: the counters, as ``conntrack -S`` prints them."""

from __future__ import annotations

from ctcore.cli.options import Reading, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import dumps, expect_option, json_option
from ctcore.cli.session import Session
from ctcore.formats.stats import cpu_line, expect_cpu_line


@define("The counters (conntrack -S).")
@json_option()
@expect_option("Print the counters of expectations (conntrack -S expect).")
@reading
def command(reading: Reading, as_json: bool, expect: bool) -> None:
    """Print the counters after the last packet, as "conntrack -S" does for one processor.

    \b
      invalid         packets that belong to no flow and may open none
      insert_failed   flows that could not be put into the table
      drop            packets thrown away: no room for a flow, or refused
      early_drop      flows given up for new ones, because the table was full
      error           packets refused before their flow was looked up
      clash_resolve   flows that came twice at the same time and were made one
      chaintoolong    flows for which a chain of the table was too long
      found, insert, search_restart: always 0 here

    \b
      expect_create   flows that helpers began to expect
      expect_delete   flows that they expect no longer
      expect_new      flows that came and were expected

    The last three are those of --expect; with -o json all are there.

    \b
    Examples:
      ctcore stats http.pcap
      ctcore stats --set nf_conntrack_max=10 http.pcap   a table that is soon full
      ctcore stats -o json *.pcap
    """
    session = Session(reading)
    session.replay()
    stat = session.net.stat
    line = expect_cpu_line if expect else cpu_line
    print(dumps(dict(stat.items())) if as_json else line(stat))
    session.finish()
