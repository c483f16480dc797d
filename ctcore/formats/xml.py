"""``-o xml``: a flow as an element, as conntrack 1.4.7 prints it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ctcore.common import ASSURED, ORIGINAL, REPLY, SEEN_REPLY, EventKind
from ctcore.conn import Conn
from ctcore.formats import message
from ctcore.formats.message import ZONE_DIR_BOTH
from ctcore.formats.output import PLAIN, Output, local_time
from ctcore.sysctl import SECOND
from ctcore.tuples import address_part, transport_part

if TYPE_CHECKING:
    from ctcore.hookspecs import Fields

OPENING: Final = '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>'
CLOSING: Final = "</conntrack>"


def flow_line(ct: Conn, now: int, output: Output = PLAIN) -> str:
    """A flow as ``conntrack -L -o xml`` prints it at the time ``now`` (nanoseconds), without the newline."""
    return "".join(_flow(message.dump(ct, now), output))


def event_line(kind: EventKind, ct: Conn, mask: int, now: int, output: Output = PLAIN) -> str:
    """An event as ``conntrack -E -o xml`` prints it, without the newline.

    ``mask`` has a bit for each ``Event``.
    """
    return "".join(_flow(message.event(kind, ct, mask, now), output))


def tag(name: str, content: object) -> str:
    """An element with text in it. Nothing is escaped: names and numbers need no escape."""
    return f"<{name}>{content}</{name}>"


def when(now: int) -> str:
    """The element that tells when an event came, in local time; the week begins with Sunday, its day 1."""
    t = local_time(now)
    clock = tag("hour", t.tm_hour) + tag("min", f"{t.tm_min:02}") + tag("sec", f"{t.tm_sec:02}")
    weekday = (t.tm_wday + 1) % 7 + 1
    date = tag("wday", weekday) + tag("day", t.tm_mday) + tag("month", t.tm_mon) + tag("year", t.tm_year)
    return tag("when", clock + date)


def _flow(msg: message.Message, output: Output) -> Iterator[str]:
    yield "<flow>" if msg.kind is None else f'<flow type="{msg.kind.name.lower()}">'
    yield _direction(msg, ORIGINAL, "original")
    yield _direction(msg, REPLY, "reply")
    yield '<meta direction="independent">'
    yield from _independent(msg, output)
    yield "</meta>"
    if output.timestamp and msg.kind is not None:
        yield when(msg.now)
    if msg.helper is not None:
        yield tag("helper", msg.helper)
    yield "</flow>"


def _direction(msg: message.Message, direction: int, name: str) -> str:
    ct, counters = msg.ct, msg.counters
    packed = ct.reply if direction else ct.original
    body = _layer(3, ct.l3.l3num, ct.l3.name, ct.l3.print_tuple(address_part(packed), False))
    body += _layer(4, packed[-1], ct.l4.name, ct.l4.print_xml(transport_part(packed)))
    if ct.zone.id and ct.zone.dir == 1 << direction:
        body += tag("zone", ct.zone.id)
    if counters is not None:
        body += tag("counters", tag("packets", counters.packets[direction]) + tag("bytes", counters.bytes[direction]))
    return f'<meta direction="{name}">{body}</meta>'


def layer_open(number: int, protonum: int, protoname: str) -> str:
    """The beginning of the element of a protocol layer."""
    return f'<layer{number} protonum="{protonum}" protoname="{protoname}">'


def _layer(number: int, protonum: int, protoname: str, fields: Fields) -> str:
    inner = "".join(tag(name, value) for name, value in fields)
    return f"{layer_open(number, protonum, protoname)}{inner}</layer{number}>"


def _independent(msg: message.Message, output: Output) -> Iterator[str]:
    ct = msg.ct
    state = msg.xml_state
    if state is not None:
        yield tag("state", state)
    if msg.timeout is not None:
        yield tag("timeout", msg.timeout)
    if msg.mark is not None:
        yield tag("mark", msg.mark)
    names = output.label_names(msg.labels)
    if names is not None:
        yield tag("labels", "".join(tag("label", name) for name in names))
    if ct.zone.id and ct.zone.dir == ZONE_DIR_BOTH:
        yield tag("zone", ct.zone.id)
    if msg.use is not None:
        yield tag("use", msg.use)
    yield tag("id", ct.id)
    if ct.status & ASSURED:
        yield "<assured/>"
    if not ct.status & SEEN_REPLY:
        yield "<unreplied/>"
    yield from _times(msg, output)


def _times(msg: message.Message, output: Output) -> Iterator[str]:
    times = msg.times
    if times is None:
        return
    if output.ktimestamp:
        yield tag("timestamp", tag("start", times.start) + (tag("stop", times.stop) if times.stop else ""))
    # Of a flow that ended text tells the difference of the seconds, and XML the seconds of the difference.
    yield tag("deltatime", max(0, times.stop - times.start) // SECOND if times.stop else msg.age)
