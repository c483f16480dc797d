"""The lines of ``conntrack -L`` and ``conntrack -E``, as conntrack 1.4.7 prints them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ctcore.common import ORIGINAL, REPLY, SEEN_REPLY, EventKind, Status
from ctcore.conn import Conn
from ctcore.formats import message
from ctcore.formats.message import ZONE_DIR_BOTH
from ctcore.formats.output import PLAIN, Output, local_time
from ctcore.sysctl import SECOND
from ctcore.tuples import address_part, transport_part

if TYPE_CHECKING:
    from ctcore.extensions.acct import Counters
    from ctcore.hookspecs import Fields

TAGS: Final = {EventKind.NEW: "    [NEW]", EventKind.UPDATE: " [UPDATE]", EventKind.DESTROY: "[DESTROY]"}
PROGRAM: Final = "conntrack v1.4.7 (conntrack-tools)"
SHORT_STATUS: Final = (Status.HW_OFFLOAD, Status.OFFLOAD, Status.ASSURED)  # the first that is set is told


def flow_line(ct: Conn, now: int, output: Output = PLAIN) -> str:
    """A flow as ``conntrack -L`` prints it at the time ``now`` (nanoseconds), without the newline."""
    return " ".join(_parts(message.dump(ct, now), output))


def event_line(kind: EventKind, ct: Conn, mask: int, now: int, output: Output = PLAIN) -> str:
    """An event as ``conntrack -E`` prints it, without the newline; ``mask`` has a bit for each ``Event``."""
    line = " ".join((TAGS[kind], *_parts(message.event(kind, ct, mask, now), output)))
    return timestamp(now) + line if output.timestamp else line


def timestamp(now: int) -> str:
    """What ``-o timestamp`` puts before an event: seconds and microseconds."""
    seconds, rest = divmod(now, SECOND)
    return f"[{seconds:08}.{rest // 1000:06}]\t"


EXPECTATIONS_SHOWN: Final = "expectations have been shown"
EXPECTATION_EVENTS_SHOWN: Final = "expectation events have been shown"


def footer(count: int, what: str = "flow entries have been shown") -> str:
    """The summary that conntrack writes to stderr, e.g. with ``what`` "flow events have been shown"."""
    return f"{PROGRAM}: {count} {what}."


def protocol(name: str, number: int) -> str:
    """A protocol's name, padded to eight columns, and its number."""
    return f"{name:<8} {number}"


def tuple_parts(ct: Conn, direction: int, full: bool = False) -> Iterator[str]:
    """The parts of a tuple as ``name=value``; ``full`` spells addresses as /proc does."""
    packed = ct.reply if direction else ct.original
    fields: Fields = (
        *ct.l3.print_tuple(address_part(packed), full),
        *ct.l4.print_tuple(transport_part(packed)),
    )
    return (f"{name}={value}" for name, value in fields)


def counter_parts(counters: Counters | None, direction: int) -> Iterator[str]:
    """Packets and bytes of a direction, or nothing where they are not counted."""
    if counters is not None:
        yield f"packets={counters.packets[direction]}"
        yield f"bytes={counters.bytes[direction]}"


def status_part(status: int) -> Iterator[str]:
    """The one of the offload and ASSURED bits that lines tell, if any is set."""
    return iter([f"[{bit.name}]" for bit in SHORT_STATUS if status & bit][:1])


def _parts(msg: message.Message, output: Output) -> Iterator[str]:
    ct = msg.ct
    if output.extended:
        yield protocol(ct.l3.name, ct.l3.l3num)
    yield protocol(ct.l4.name, ct.original[-1])
    if msg.timeout is not None:
        yield str(msg.timeout)
    if msg.state is not None:
        yield msg.state
    yield from _direction_parts(msg, ORIGINAL, "zone-orig")
    if not ct.status & SEEN_REPLY:
        yield "[UNREPLIED]"
    yield from _direction_parts(msg, REPLY, "zone-reply")
    yield from status_part(ct.status)
    yield from _closing_parts(msg, output)


def _direction_parts(msg: message.Message, direction: int, zone_name: str) -> Iterator[str]:
    ct = msg.ct
    yield from tuple_parts(ct, direction)
    if ct.zone.id and ct.zone.dir == 1 << direction:
        yield f"{zone_name}={ct.zone.id}"
    yield from counter_parts(msg.counters, direction)


def _closing_parts(msg: message.Message, output: Output) -> Iterator[str]:
    ct, times = msg.ct, msg.times
    if msg.mark is not None:
        yield f"mark={msg.mark}"
    if ct.zone.id and ct.zone.dir == ZONE_DIR_BOTH:
        yield f"zone={ct.zone.id}"
    if times is not None:
        yield f"delta-time={msg.age}"
        if output.ktimestamp:
            yield f"[start={time.asctime(local_time(times.start))}]"
            if times.stop:
                yield f"[stop={time.asctime(local_time(times.stop))}]"
    if msg.helper is not None:
        yield f"helper={msg.helper}"
    if msg.use is not None:
        yield f"use={msg.use}"
    if output.id:
        yield f"id={ct.id}"
    names = output.label_names(msg.labels)
    if names is not None:
        yield f"labels={','.join(names)}" if names else "labels"
    yield from extension_parts(ct)


def extension_parts(ct: Conn) -> Iterator[str]:
    """The columns of extension types as ``name=value``: none, but where a plugin brings some."""
    for ext in ct.net.ext_shown:
        data = ct.ext_find(ext.id)
        if data is not None and ext.column is not None:
            for name, value in ext.column(ct, data):
                yield f"{name}={value}"
