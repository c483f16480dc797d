"""``ctcore stats``: the counters, as ``conntrack -S`` prints them."""

from __future__ import annotations

from ctcore.cli.options import Reading, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import Format, dumps, output_option
from ctcore.cli.session import Session
from ctcore.formats.stats import cpu_line


@define("The counters (conntrack -S).")
@output_option("json")
@reading
def command(reading: Reading, chosen: Format) -> None:
    """Print the counters of connection tracking after the last packet, as "conntrack -S" does for one processor.

    \b
      invalid         packets that belong to no flow and may open none
      insert_failed   flows that could not be put into the table
      drop            packets that were thrown away: the table was full, or the protocol refused
      early_drop      flows that were given up for new ones, because the table was full
      error           packets that the protocol refused before their flow was looked up
      clash_resolve   flows that came twice at the same time and were made one
      chaintoolong    flows for which a chain of the table was too long
      found, insert, search_restart: always 0 here

    With -o json the counters of expectations are there too.

    \b
    Examples:
      ctcore stats http.pcap
      ctcore stats --set nf_conntrack_max=10 http.pcap   a table that is soon full
      ctcore stats -o json *.pcap
    """
    session = Session(reading)
    session.replay()
    stat = session.net.stat
    print(dumps(dict(stat.items())) if chosen.name == "json" else cpu_line(stat))
    session.finish()
