"""The lines of /proc/net/nf_conntrack, /proc/net/nf_conntrack_expect and /proc/net/stat/nf_conntrack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ctcore.common import EXT_ACCT, EXT_TSTAMP, ORIGINAL, REPLY, SEEN_REPLY
from ctcore.conn import Conn
from ctcore.formats.expects import flag_names, helper_of, seconds_left, tuple_fields
from ctcore.formats.message import OFFLOADED, ZONE_DIR_BOTH
from ctcore.formats.text import counter_parts, protocol, status_part, tuple_parts
from ctcore.stats import Statistics
from ctcore.sysctl import SECOND
from ctcore.zones import ZONE_DIR_ORIG, ZONE_DIR_REPL

if TYPE_CHECKING:
    from ctcore.expect import Expectation

STAT_HEADER: Final = (
    "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop "
    "icmp_error  expect_new expect_create expect_delete search_restart"
)
# In the order of the header; None stands for what the kernel no longer counts.
_STAT_GROUPS: Final = (
    (
        *("clash_resolve", "found", None, "invalid", None, None, "chaintoolong"),
        *("insert", "insert_failed", "drop", "early_drop", "error"),
    ),
    ("expect_new", "expect_create", "expect_delete", "search_restart"),
)


def flow_line(ct: Conn, now: int) -> str:
    """A flow at the time ``now`` (nanoseconds), without the newline."""
    return " ".join(_parts(ct, now))


def _parts(ct: Conn, now: int) -> Iterator[str]:
    counters = ct.ext_find(EXT_ACCT)
    yield protocol(ct.l3.name, ct.l3.l3num)
    yield protocol(ct.l4.name, ct.original[-1])
    if not ct.status & OFFLOADED:
        yield str(ct.remaining(now) // SECOND)
        private = ct.l4.print_conntrack(ct)
        if private:
            yield private
    yield from tuple_parts(ct, ct.original, full=True)
    if ct.zone.dir == ZONE_DIR_ORIG:
        yield f"zone-orig={ct.zone.id}"
    yield from counter_parts(counters, ORIGINAL)
    if not ct.status & SEEN_REPLY:
        yield "[UNREPLIED]"
    yield from tuple_parts(ct, ct.reply, full=True)
    if ct.zone.dir == ZONE_DIR_REPL:
        yield f"zone-reply={ct.zone.id}"
    yield from counter_parts(counters, REPLY)
    yield from status_part(ct.status)
    yield f"mark={ct.mark}"
    if ct.zone.dir == ZONE_DIR_BOTH:
        yield f"zone={ct.zone.id}"
    times = ct.ext_find(EXT_TSTAMP)
    if times is not None:
        yield f"delta-time={max(now - times.start, 0) // SECOND}"
    yield f"use={2 + ct.children}"


def expect_line(exp: Expectation, now: int) -> str:
    """An expectation at the time ``now`` (nanoseconds), without the newline."""
    addresses, transport = tuple_fields(exp, exp.tuple, full=True)
    parts = [str(seconds_left(exp, now)), f"l3proto = {exp.tuple.l3num} proto={exp.tuple.l4num}"]
    parts += [f"{name}={value}" for name, value in (*addresses, *transport)]
    # The tuple ends with a space, whether or not anything follows it.
    return " ".join((*parts, " ".join(_expect_ending(exp))))


def _expect_ending(exp: Expectation) -> Iterator[str]:
    flags = flag_names(exp)
    if flags:
        yield ",".join(flags)
    helper = helper_of(exp)
    if helper is not None:
        class_name = helper.policies[exp.class_].name
        yield f"{helper.name}/{class_name}" if class_name else helper.name


def stat_line(stat: Statistics, entries: int) -> str:
    """The line of one processor, without the newline; ``entries`` is the number of flows in the namespace."""
    groups = ([entries], *([getattr(stat, name) if name else 0 for name in names] for names in _STAT_GROUPS))
    return "  ".join(" ".join(f"{value & 0xFFFFFFFF:08x}" for value in group) for group in groups)
