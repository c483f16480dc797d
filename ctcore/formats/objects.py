"""A flow as a plain object, for JSON: the schema of ``-o json``, the same in every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ctcore.common import EXT_ACCT, EXT_HELPER, EXT_TSTAMP, ORIGINAL, REPLY, EventKind, Status
from ctcore.conn import Conn
from ctcore.expect import Expectation, ExpectFlag
from ctcore.sysctl import SECOND
from ctcore.tuples import Tuple, address_part, transport_part

if TYPE_CHECKING:
    from ctcore.api import Result

STATUS_NAMES: Final = tuple((int(bit), str(bit.name)) for bit in Status)


def status_names(status: int) -> list[str]:
    """The names of the status bits that are set, lowest first."""
    return [name for bit, name in STATUS_NAMES if status & bit]


def direction_object(ct: Conn, direction: int) -> dict[str, Any]:
    """One direction: addresses, transport parts, and counters where accounting is on."""
    packed = ct.reply if direction else ct.original
    found: dict[str, Any] = dict(ct.l3.print_tuple(address_part(packed), False))
    found.update(ct.l4.print_tuple(transport_part(packed)))
    counters = ct.ext_find(EXT_ACCT)
    if counters is not None:
        found["packets"] = counters.packets[direction]
        found["bytes"] = counters.bytes[direction]
    return found


def flow_object(ct: Conn, now: int) -> dict[str, Any]:
    """A flow at the time ``now`` (nanoseconds); its timeout is in whole seconds.

    With nf_conntrack_timestamp it has a ``timestamp``: ``start`` and, once it has ended, ``stop`` (nanoseconds).
    """
    info = dict(ct.l4.protoinfo(ct)) if ct.proto is not None else {}
    helper, times = ct.ext_find(EXT_HELPER), ct.ext_find(EXT_TSTAMP)
    master = ct.master
    found: dict[str, Any] = {
        "l3": ct.l3.name,
        "l3num": ct.l3.l3num,
        "l4": ct.l4.name,
        "l4num": ct.original[-1],
        "timeout": ct.remaining(now) // SECOND,
        "state": info.pop("state", None),
        "original": direction_object(ct, ORIGINAL),
        "reply": direction_object(ct, REPLY),
        "status": status_names(ct.status),
        "mark": ct.mark,
        "zone": ct.zone.id,
        "id": ct.id,
        "helper": helper.helper.name if helper is not None else None,
        "master": direction_object(master, ORIGINAL) if master is not None else None,
    }
    if times is not None:
        found["timestamp"] = {"start": times.start, **({"stop": times.stop} if times.stop else {})}
    if info:
        found[ct.l4.name] = info
    figures = extension_figures(ct)
    if figures:
        found["ext"] = figures
    return found


def extension_figures(ct: Conn) -> dict[str, dict[str, Any]]:
    """What extension types tell of a flow, by the names of the types."""
    found = {}
    for ext in ct.net.ext_shown:
        data = ct.ext_find(ext.id)
        if data is not None and ext.dump is not None:
            found[ext.name] = dict(ext.dump(ct, data))
    return found


def expectation_object(kind: EventKind, exp: Expectation, now: int) -> dict[str, Any]:
    """An expectation's message at ``now`` (nanoseconds)."""
    return {"type": f"EXP_{kind.name}", **expected_object(exp, now)}


def expected_object(exp: Expectation, now: int) -> dict[str, Any]:
    """An expectation at ``now`` (nanoseconds): what is expected, from whom, for how many whole seconds more.

    ``mask`` says what counts of the source, a bit of it for each that does; ``helper`` is the master's helper.
    """
    master, t = exp.master, exp.tuple
    l4 = master.net.l4protos[t.l4num]
    helper = master.ext_find(EXT_HELPER)
    return {
        "l3": master.l3.name,
        "l3num": t.l3num,
        "l4": l4.name,
        "l4num": t.l4num,
        "timeout": max(0, exp.expires - now) // SECOND,
        "expected": _tuple_object(exp, t),
        "mask": _tuple_object(exp, exp.mask),
        "master": _tuple_object(exp, master.tuple(ORIGINAL)),
        "flags": [str(flag.name) for flag in ExpectFlag if exp.flags & flag],
        "class": exp.class_,
        "zone": master.zone.id,
        "helper": helper.helper.name if helper is not None else None,
    }


def _tuple_object(exp: Expectation, t: Tuple) -> dict[str, Any]:
    master = exp.master
    found: dict[str, Any] = dict(master.l3.print_tuple(t.src + t.dst, False))
    found.update(master.net.l4protos[t.l4num].print_tuple(t.src_u + t.dst_u))
    return found


def event_object(kind: EventKind, ct: Conn, now: int) -> dict[str, Any]:
    """An event message with the flow as it is at its delivery."""
    return {"type": kind.name, **flow_object(ct, now)}


def packet_object(frame: int, time_ns: int, result: Result, now: int) -> dict[str, Any]:
    """What became of a packet, as ``trace -o json`` tells it.

    ``frame`` is its number, from 1, ``time_ns`` the capture's time of it, ``now`` the namespace's (nanoseconds).
    """
    return {
        "frame": frame,
        "time_ns": time_ns,
        "ctinfo": result.state,
        "direction": result.direction,
        "verdict": result.verdict.name.lower(),
        "reasons": result.reasons,
        "entry": None if result.entry is None else flow_object(result.entry, now),
        "events": result.events,
    }
