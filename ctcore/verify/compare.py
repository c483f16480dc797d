"""Two accounts of the same packets, the kernel's and ctcore's, field by field.

Both are streams of ``trace -o json`` objects, in the order of the packets. Compared for each packet: ctinfo,
direction, verdict, reasons, whether there is an entry, and the events that it caused, in order; and of the
entry: its two tuples, state, status, timeout, TCP window scaling and flags, SCTP verification tags, packet and
byte counters, mark, zone, helper and master. Of an expectation, in the events and after the last packet: what is
expected, mask, master, class, flags, timeout, zone and helper.

What is left out, or taken less strictly:

- ``time_ns``: each side has its own clock; and ``id``, which the kernel makes from addresses in its memory.
- Names of protocols: their numbers are compared.
- The entry where ctinfo is none: a packet that conntrack never looked at has none, and the two sides show the
  flow of its addresses in different cases.
- Reasons that do not begin with ``nf_ct_``: they are ctcore's own words for what the kernel drops in
  silence.
- A fragment of IPv6 that conntrack never got is "gone" for the kernel: whether it waits or was dropped is not to be
  seen from outside.
- Timeouts may be one second apart, for the kernel rounds and time passes while it is asked.
- The status bit DYING, which only an entry on its way out has.
- Of an event what the kernel's message does not tell (an UPDATE has no counters, and TCP's state only where it
  changed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, ClassVar, Final

TIMEOUT_TOLERANCE: Final = 1
"""Seconds by which two timeouts may differ."""

_PACKET_FIELDS: Final = ("frame", "ctinfo", "direction", "verdict")
_ENTRY_FIELDS: Final = ("state", "mark", "zone", "helper")
_EXPECTATION_FIELDS: Final = ("l3num", "l4num", "timeout", "class", "zone", "helper")
_TUPLE_FIELDS: Final = ("src", "dst", "sport", "dport", "srckey", "dstkey", "type", "code", "id")
_RACES: Final = {"search_restart"}  # counts processors that got in each other's way

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one packet (``frame``, from 1) on which the two sides do not agree."""

    frame: int
    field: str
    kernel: Any
    ctcore: Any
    side: str = "ctcore"
    """Who says ``ctcore``: ctcore, or a tracker that is compared in its place."""

    def __str__(self) -> str:
        """One line for people."""
        return f"packet {self.frame}: {self.field}: kernel {self.kernel!r}, {self.side} {self.ctcore!r}"


@dataclass(slots=True)
class Tally:
    """How often a field was compared, how often it agreed, and how often one side did not tell it."""

    compared: int = 0
    agreed: int = 0
    lacking: int = 0


@dataclass(slots=True)
class Comparison:
    """The outcome: packets compared, every difference in order, and a tally for each field."""

    packets: int = 0
    differences: list[Difference] = field(default_factory=list)
    tally: dict[str, Tally] = field(default_factory=dict)
    side: str = "ctcore"
    """What differences call the side that is not the kernel's."""
    complete: ClassVar[bool] = True
    """Whether that side tells every field of each packet."""

    def add(self, kernel: Record, ctcore: Record) -> None:
        """Compare the two accounts of one packet."""
        self.packets += 1
        kernel, ctcore = self.of_packet(kernel), self.of_packet(ctcore)
        frame, theirs, ours = kernel["frame"], account(kernel), self.own_account(ctcore)
        for name, said in theirs.items():
            if name in ours:
                self._judge(frame, name, said, ours[name])

    def of_packet(self, record: Record) -> Record:
        """The part of a packet's object that is about this packet, and compared with it: here all of it."""
        return record

    def own_account(self, record: Record) -> dict[str, Any]:
        """What is compared of a packet's object of the side that is not the kernel's."""
        return account(record)

    def add_statistics(self, kernel: Mapping[str, int], ctcore: Mapping[str, int]) -> None:
        """Compare the counters that both have, after the last packet."""
        for name in sorted((kernel.keys() & ctcore.keys()) - _RACES):
            self._judge(self.packets, f"statistics {name}", kernel[name], ctcore[name])

    def add_table(self, kernel: Iterable[Record], ctcore: Iterable[Record]) -> None:
        """Compare two tables after the last packet: their order means nothing."""
        theirs, ours = _by_tuples(kernel), _by_tuples(ctcore)
        self._judge(self.packets, "table", sorted(theirs), sorted(ours))
        for flow in theirs.keys() & ours.keys():
            for name, said in theirs[flow].items():
                self._judge(self.packets, f"table {name}", said, ours[flow][name])

    def add_expectations(self, kernel: Iterable[Record], ctcore: Iterable[Record]) -> None:
        """Compare what is expected after the last packet, in any order."""
        theirs, ours = _by_expected(kernel), _by_expected(ctcore)
        self._judge(self.packets, "expectations", sorted(theirs), sorted(ours))
        for expected in theirs.keys() & ours.keys():
            for name, said in theirs[expected].items():
                self._judge(self.packets, f"expectation {name}", said, ours[expected][name])

    def _judge(self, frame: int, name: str, kernel: Any, ctcore: Any) -> None:
        tally = self.tally.setdefault(name, Tally())
        tally.compared += 1
        if _agree(name, kernel, ctcore):
            tally.agreed += 1
        else:
            self.differences.append(Difference(frame, name, kernel, ctcore, self.side))


def compare(kernel: Iterable[Record], ctcore: Iterable[Record]) -> Comparison:
    """Compare two streams packet by packet; one that ends early differs in the field "packet" from there
    on."""
    result = Comparison()
    for frame, (theirs, ours) in enumerate(zip_longest(kernel, ctcore), 1):
        if theirs is None or ours is None:
            result._judge(frame, "packet", theirs is not None, ours is not None)
        else:
            result.add(theirs, ours)
    return result


def account(record: Record) -> dict[str, Any]:
    """What is compared of one packet's object, by the name of the field; the entry's fields only where it has
    one."""
    found: dict[str, Any] = {name: record[name] for name in _PACKET_FIELDS}
    found["reasons"] = [text for text in record["reasons"] if text.startswith("nf_ct_")]
    found["events"] = [_event(event) for event in record["events"]]
    entry = record["entry"] if record["ctinfo"] != "none" else None
    found["entry"] = entry is not None
    if entry is not None:
        found.update(described(entry))
    return found


def described(entry: Record) -> dict[str, Any]:
    """What is compared of an entry's object, or of an event's, by the name of the field."""
    tcp = entry.get("tcp") or {}
    return {
        **{name: entry.get(name) for name in _ENTRY_FIELDS},
        "tuples": _tuples(entry),
        "status": _status(entry),
        "timeout": entry["timeout"],
        "wscale": tcp.get("wscale"),
        "flags": tcp.get("flags"),
        "vtag": (entry.get("sctp") or {}).get("vtag"),
        "counters": _counters(entry),
        "master": _tuple(entry["master"]) if entry.get("master") else None,
    }


def _by_tuples(entries: Iterable[Record]) -> dict[str, dict[str, Any]]:
    return {str(_tuples(entry)): described(entry) for entry in entries}


def _by_expected(found: Iterable[Record]) -> dict[str, dict[str, Any]]:
    return {str([one["l4num"], _tuple(one["expected"]), _tuple(one["master"])]): _expectation(one) for one in found}


def _agree(name: str, kernel: Any, ctcore: Any) -> bool:
    if name.endswith("timeout") and kernel is not None and ctcore is not None:
        return bool(abs(kernel - ctcore) <= TIMEOUT_TOLERANCE)
    if name == "verdict" and kernel == "gone":
        return ctcore in ("drop", "stolen")
    if name == "events":
        return len(kernel) == len(ctcore) and all(map(_same_event, kernel, ctcore))
    return bool(kernel == ctcore)


def _same_event(kernel: Record, ctcore: Record) -> bool:
    return all(said is None or name not in ctcore or _agree(name, said, ctcore[name]) for name, said in kernel.items())


def _event(event: Record) -> dict[str, Any]:
    kind = event["type"]
    return {"type": kind, **(_expectation(event) if kind.startswith("EXP_") else described(event))}


def _expectation(found: Record) -> dict[str, Any]:
    return {
        **{name: found[name] for name in _EXPECTATION_FIELDS},
        **{name: _tuple(found[name]) for name in ("expected", "mask", "master")},
        "flags": sorted(found["flags"]),
    }


def _tuples(entry: Record) -> list[Any]:
    return [entry["l3num"], entry["l4num"], _tuple(entry["original"]), _tuple(entry["reply"])]


def _tuple(direction: Record) -> dict[str, Any]:
    return {name: direction[name] for name in _TUPLE_FIELDS if name in direction}


def _status(entry: Record) -> list[str]:
    return sorted(set(entry["status"]) - {"DYING"})


def _counters(entry: Record) -> list[list[int]] | None:
    sides = (entry["original"], entry["reply"])
    if not all("packets" in side for side in sides):
        return None
    return [[side["packets"], side["bytes"]] for side in sides]
