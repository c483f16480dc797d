"""Expectations as ``conntrack -L expect`` and ``conntrack -E expect`` print them, as text and as xml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ctcore.common import EXT_HELPER, EventKind
from ctcore.expect import Expectation, ExpectFlag
from ctcore.formats.output import PLAIN, Output
from ctcore.formats.text import TAGS
from ctcore.formats.xml import layer_open, tag, when
from ctcore.sysctl import SECOND
from ctcore.tuples import Tuple

if TYPE_CHECKING:
    from ctcore.hookspecs import Fields
    from ctcore.slots import HelperSlot

XML_OPENING: Final = '<?xml version="1.0" encoding="utf-8"?>\n<expect>'
XML_CLOSING: Final = "</expect>"


def text_line(exp: Expectation, now: int, output: Output = PLAIN, kind: EventKind | None = None) -> str:
    """An expectation at ``now`` (nanoseconds), or the ``kind`` of event about it, without the newline."""
    parts = [TAGS[kind]] if kind is not None else []
    parts += [str(seconds_left(exp, now)), f"proto={exp.tuple.l4num}", *_text_tuples(exp)]
    if exp.master.zone.id:
        parts.append(f"zone={exp.master.zone.id}")
    flags = flag_names(exp)
    if flags:
        parts.append(",".join(flags))
    parts.append(f"class={exp.class_}")
    helper = helper_of(exp)
    if helper is not None:
        parts.append(f"helper={helper.name}")
    return (timestamp(now) if output.timestamp else "") + " ".join(parts)


def xml_line(exp: Expectation, now: int, output: Output = PLAIN, kind: EventKind | None = None) -> str:
    """An expectation as an element, or the ``kind`` of event about it, without the newline."""
    return "".join(_element(exp, now, output, kind))


def timestamp(now: int) -> str:
    """What ``-o timestamp`` puts first: as for flows, but padded with spaces on the right."""
    seconds, rest = divmod(now, SECOND)
    return f"[{seconds:<8}.{rest // 1000:<6}]\t"


def seconds_left(exp: Expectation, now: int) -> int:
    """Whole seconds that an expectation has left at the time ``now`` (nanoseconds)."""
    return max(exp.expires - now, 0) // SECOND


def flag_names(exp: Expectation) -> list[str]:
    """The names of an expectation's flags."""
    return [str(flag.name) for flag in ExpectFlag if exp.flags & flag]


def helper_of(exp: Expectation) -> HelperSlot | None:
    """The helper of the flow that an expectation belongs to."""
    data = exp.master.ext_find(EXT_HELPER)
    helper: HelperSlot | None = None if data is None else data.helper
    return helper


def tuple_fields(exp: Expectation, t: Tuple, full: bool = False) -> tuple[Fields, Fields]:
    """The network and the transport part of one of its tuples: the protocol of the master's may be another one."""
    l3, l4 = exp.master.l3, exp.master.net.l4protos[t.l4num]
    return l3.print_tuple(t.src + t.dst, full), l4.print_tuple(t.src_u + t.dst_u)


def _tuples(exp: Expectation) -> tuple[tuple[str, Tuple], ...]:
    return ("expected", exp.tuple), ("mask", exp.mask), ("master", exp.master.tuple(0))


def _text_tuples(exp: Expectation) -> Iterator[str]:
    for name, t in _tuples(exp):
        prefix = "" if name == "expected" else f"{name}-"
        addresses, transport = tuple_fields(exp, t)
        yield from (f"{prefix}{key}={value}" for key, value in addresses)
        yield from (f"{key}={value}" for key, value in transport)


def _element(exp: Expectation, now: int, output: Output, kind: EventKind | None) -> Iterator[str]:
    l3, l4 = exp.master.l3, exp.master.net.l4protos[exp.tuple.l4num]
    yield "<flow>" if kind is None else f'<flow type="{kind.name.lower()}">'
    for number, protonum, name in ((3, l3.l3num, l3.name), (4, exp.tuple.l4num, l4.name)):
        yield layer_open(number, protonum, name)
        for part, t in _tuples(exp):
            fields = tuple_fields(exp, t)[number - 3]
            yield tag(part, "".join(tag(key, value) for key, value in fields))
        yield f"</layer{number}>"
    yield tag("meta", "".join(_meta(exp, now, output)))
    yield "</flow>"


def _meta(exp: Expectation, now: int, output: Output) -> Iterator[str]:
    helper = helper_of(exp)
    if helper is not None:
        yield tag("helper-name", helper.name)
    yield tag("timeout", seconds_left(exp, now))
    yield tag("class", exp.class_)
    if exp.master.zone.id:
        yield tag("zone", exp.master.zone.id)
    if output.timestamp:
        yield when(now)
    yield from (f"<{name.lower()}/>" for name in flag_names(exp))
