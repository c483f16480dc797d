"""The lines of ``conntrack -L`` and ``conntrack -E``, as conntrack 1.4.7 prints them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from ctcore.common import EXT_ECACHE, ORIGINAL, REPLY, SEEN_REPLY, EventKind, Status
from ctcore.conn import Conn
from ctcore.formats.message import ZONE_DIR_BOTH, Message, dump, event
from ctcore.formats.output import PLAIN, Output, local_time
from ctcore.sysctl import SECOND
from ctcore.tuples import SUFFIX_LEN, U_LEN
from ctcore.zones import ZONE_DFLT

if TYPE_CHECKING:
    from ctcore.eventcache import EventCache
    from ctcore.extensions.acct import Counters
    from ctcore.hookspecs import Fields
    from ctcore.slots import L3Slot, L4Slot

TAGS: Final = ("    [NEW]", " [UPDATE]", "[DESTROY]")  # by the numbers of EventKind
PROGRAM: Final = "conntrack v1.4.7 (conntrack-tools)"
TOLD_STATUS: Final = (Status.HW_OFFLOAD, Status.OFFLOAD, Status.ASSURED)  # the first that is set is told
TOLD_BITS: Final = sum(int(bit) for bit in TOLD_STATUS)
TAIL: Final = U_LEN + SUFFIX_LEN  # what stands behind the addresses in a packed tuple


def flow_line(ct: Conn, now: int, output: Output = PLAIN) -> str:
    """A flow as ``conntrack -L`` prints it at the time ``now`` (nanoseconds), without the newline."""
    words: list[str] = []
    _tell(words, dump(ct, now), output)
    return " ".join(words)


def event_line(kind: EventKind, ct: Conn, mask: int, now: int, output: Output = PLAIN) -> str:
    """An event as ``conntrack -E`` prints it, without the newline; ``mask`` has a bit for each ``Event``."""
    words = [TAGS[kind]]
    _tell(words, event(kind, ct, mask, now), output)
    return timestamp(now) + " ".join(words) if output.timestamp else " ".join(words)


def timestamp(now: int) -> str:
    """What ``-o timestamp`` puts before an event: seconds and microseconds."""
    seconds, rest = divmod(now, SECOND)
    return f"[{seconds:08}.{rest // 1000:06}]\t"


EXPECTATIONS_SHOWN: Final = "expectations have been shown"
EXPECTATION_EVENTS_SHOWN: Final = "expectation events have been shown"


def footer(count: int, what: str = "flow entries have been shown") -> str:
    """The summary that conntrack writes to stderr, e.g. with ``what`` "flow events have been shown"."""
    return f"{PROGRAM}: {count} {what}."


@cache
def protocol(name: str, number: int) -> str:
    """A protocol's name, padded to eight columns, and its number."""
    return f"{name:<8} {number}"


def tuple_parts(ct: Conn, packed: bytes, full: bool = False) -> list[str]:
    """The parts of a flow's packed tuple as ``name=value``; ``full`` spells addresses as /proc does."""
    l3: L3Slot = ct.l3
    l4: L4Slot = ct.l4
    addresses: Fields = l3.print_tuple(packed[:-TAIL], full)
    transport: Fields = l4.print_tuple(packed[-TAIL:-SUFFIX_LEN])
    parts = [f"{name}={value}" for name, value in addresses]
    parts += [f"{name}={value}" for name, value in transport]
    return parts


def texts_of(ct: Conn) -> tuple[str, str, str]:
    """A flow's protocol and its two tuples; remembered where the flow has events, for each of them tells the same."""
    ecache: EventCache | None = ct.ext[EXT_ECACHE] if ct.ext is not None else None
    if ecache is None:
        return _texts(ct)
    if ecache.texts is None:
        ecache.texts = _texts(ct)
    return ecache.texts


def _texts(ct: Conn) -> tuple[str, str, str]:
    original, reply = ct.original, ct.reply
    name = protocol(ct.l4.name, original[-1])
    return name, " ".join(tuple_parts(ct, original)), " ".join(tuple_parts(ct, reply))


def counter_parts(counters: Counters | None, direction: int) -> tuple[str, ...]:
    """Packets and bytes of a direction, or nothing where they are not counted."""
    if counters is None:
        return ()
    return (f"packets={counters.packets[direction]}", f"bytes={counters.bytes[direction]}")


def status_part(status: int) -> tuple[str, ...]:
    """The one of the offload and ASSURED bits that lines tell, if any is set."""
    return _status_words(status & TOLD_BITS)


@cache
def _status_words(bits: int) -> tuple[str, ...]:
    return tuple(f"[{bit.name}]" for bit in TOLD_STATUS if bits & bit)[:1]


def _tell(words: list[str], msg: Message, output: Output) -> None:
    """Add the words of a message."""
    ct = msg.ct
    name, original, reply = texts_of(ct)
    if output.extended:
        l3: L3Slot = ct.l3
        words.append(protocol(l3.name, l3.l3num))
    words.append(name)
    if msg.timeout is not None:
        words.append(str(msg.timeout))
    if msg.protoinfo:
        state = ct.state
        if state is not None:
            words.append(state)
    words.append(original)
    _tell_more(words, msg, ORIGINAL, "zone-orig")
    if not ct.status & SEEN_REPLY:
        words.append("[UNREPLIED]")
    words.append(reply)
    _tell_more(words, msg, REPLY, "zone-reply")
    if ct.status & TOLD_BITS:
        words += status_part(ct.status)
    _close(words, msg, output)


def _tell_more(words: list[str], msg: Message, direction: int, zone_name: str) -> None:
    """Add what stands behind a tuple."""
    ct = msg.ct
    zone = ct.zone
    if zone is not ZONE_DFLT and zone.id and zone.dir == 1 << direction:
        words.append(f"{zone_name}={zone.id}")
    if msg.counters is not None:
        words += counter_parts(msg.counters, direction)


def _close(words: list[str], msg: Message, output: Output) -> None:
    ct, times = msg.ct, msg.times
    if msg.mark is not None:
        words.append(f"mark={msg.mark}")
    if ct.zone is not ZONE_DFLT and ct.zone.id and ct.zone.dir == ZONE_DIR_BOTH:
        words.append(f"zone={ct.zone.id}")
    if times is not None:
        words.append(f"delta-time={msg.age}")
        if output.ktimestamp:
            words.append(f"[start={time.asctime(local_time(times.start))}]")
            if times.stop:
                words.append(f"[stop={time.asctime(local_time(times.stop))}]")
    if msg.helper is not None:
        words.append(f"helper={msg.helper}")
    if msg.use is not None:
        words.append(f"use={msg.use}")
    if output.id:
        words.append(f"id={ct.id}")
    if output.labels:
        names = output.label_names(msg.labels)
        if names is not None:
            words.append(f"labels={','.join(names)}" if names else "labels")
    if ct.net.ext_shown:
        words += extension_parts(ct)


def extension_parts(ct: Conn) -> Iterator[str]:
    """The columns of extension types as ``name=value``: none, but where a plugin brings some."""
    for ext in ct.net.ext_shown:
        data = ct.ext_find(ext.id)
        if data is not None and ext.column is not None:
            for name, value in ext.column(ct, data):
                yield f"{name}={value}"
