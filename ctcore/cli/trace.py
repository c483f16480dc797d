"""``ctcore trace``: what became of each packet, and why."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

from ctcore.api import Result
from ctcore.cli.conduct import say
from ctcore.cli.filters import Filter, filtering
from ctcore.cli.options import Reading, reading
from ctcore.cli.options import command as define
from ctcore.cli.output import dumps, json_option
from ctcore.cli.packets import PacketLine
from ctcore.cli.session import Session
from ctcore.formats.objects import packet_object

Line = Callable[[int, int, Result], str]


@define("What became of each packet, and why.")
@json_option()
@filtering
@reading
def command(reading: Reading, as_json: bool, filters: Filter) -> None:
    """Print a line for each packet: what connection tracking made of it, and why.

    \b
    The columns:
      number of the packet in its capture, counted from 1
      seconds since the first packet
      protocol, source and destination of the packet
      its relation to a flow: new, established, related, invalid, untracked;
        none where conntrack never looked at it
      its direction: original or reply
      the flow's state after it
      the time that the flow has left after it, seconds
      then, where there is something to tell:
        DROP, or STOLEN for a fragment that waits for the rest of its datagram
        [events] that it caused, with the flow where it is another one
        (reasons and remarks)

    With filters only the packets of the flows that pass them are shown. The fields of -o json are described
    in the manual, on the page about formats.

    \b
    Examples:
      ctcore trace http.pcap
      ctcore trace http.pcap | grep invalid    what was INVALID, and why
      ctcore trace -p tcp --dport 80 http.pcap
      ctcore trace --clock frozen -o json http.pcap
    """
    session = Session(reading, listen=True, chatty=True)
    test = filters.bind(session.net)
    line = _json_line(session) if as_json else _text_line(session)
    seen: Counter[str] = Counter()
    shown = 0

    def on_packet(number: int, verdict: int) -> None:
        nonlocal shown
        result = session.tracker.result(verdict)
        seen[result.state] += 1
        flow = result.entry or session.tracker.packet.ct  # the packet that ends a flow is one of the flow, too
        if test is None or (flow is not None and test(flow)):
            shown += 1
            sys.stdout.write(line(number, session.time_of(number), result) + "\n")

    session.replay(on_packet)
    say(_summary(seen, shown))
    session.finish()


def _text_line(session: Session) -> Line:
    maker, pkt = PacketLine(), session.tracker.packet
    return lambda number, time_ns, result: maker.line(number, time_ns - session.start, pkt, result)


def _json_line(session: Session) -> Line:
    net = session.net

    return lambda number, time_ns, result: dumps(packet_object(number, time_ns, result, net.now))


def _summary(seen: Counter[str], shown: int) -> str:
    total = seen.total()
    kinds = ", ".join(f"{count} {kind}" for kind, count in seen.most_common())
    return f"ctcore: {total} packets" + (f": {kinds}" if kinds else "") + (f"; {shown} shown" if shown < total else "")
