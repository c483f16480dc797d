"""Comparing with a program that need not print every field: what it does not tell is counted as not compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ctcore.verify.compare import Comparison, Record, Tally, account
from ctcore.verify.schema import is_expectation

_SILENT: Final[Record] = {"direction": None, "verdict": None, "reasons": [], "events": [], "entry": None}
_PACKET: Final = ("frame", "ctinfo", *_SILENT)
_SILENT_ENTRY: Final[Record] = {
    "l3num": None, "l4num": None, "original": {}, "reply": {}, "status": [], "timeout": None,
}  # fmt: skip
_SILENT_EXPECTATION: Final[Record] = {
    **dict.fromkeys(("l3num", "l4num", "timeout", "class", "zone", "helper")),
    "expected": {}, "mask": {}, "master": {}, "flags": [],
}  # fmt: skip
_MADE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "tuples": ("l3num", "l4num", "original", "reply"),
    "counters": ("original", "reply"),
}
"""Fields of an entry that are compared under another name than that under which they are printed."""
_INSIDE: Final[Mapping[str, str]] = {"wscale": "tcp", "flags": "tcp", "vtag": "sctp"}
"""Fields that a line has inside an object named like the protocol."""


class PartialComparison(Comparison):
    """A comparison with lines as ``ctcore.verify.schema`` describes them."""

    __slots__ = ()
    complete = False

    def add(self, kernel: Record, ctcore: Record) -> None:
        """Compare the two accounts of one packet, as far as the second one goes."""
        self.packets += 1
        kernel, ctcore = self.of_packet(kernel), self.of_packet(ctcore)
        frame, theirs, ours = kernel["frame"], account(kernel), self.own_account(ctcore)
        for name, said in theirs.items():
            if name in ours:
                self._judge(frame, name, said, ours[name])
            elif said is not None and (name in _PACKET or ours.get("entry", True)):
                self._lack(name)
        for event, own in zip(theirs["events"], ours.get("events", ()), strict=False):
            for name in event.keys() - own.keys():
                if event[name] is not None and event["type"] == own["type"]:
                    self._lack(f"events: {name}")

    def own_account(self, record: Record) -> dict[str, Any]:
        """What is compared of a line: what it tells."""
        return told(record)

    def _lack(self, name: str) -> None:
        self.tally.setdefault(name, Tally()).lacking += 1


def told(record: Record) -> dict[str, Any]:
    """``account`` of a line without what the line does not tell."""
    entry: Record | None = record.get("entry")
    filled = {**_SILENT, **record}
    filled["entry"] = None if entry is None else {**_SILENT_ENTRY, **entry}
    filled["events"] = [
        {**(_SILENT_EXPECTATION if is_expectation(event) else _SILENT_ENTRY), **event} for event in filled["events"]
    ]
    found = account(filled)
    whole = {name: found.pop(name) for name in _PACKET}
    pairs = zip(whole["events"], record.get("events", ()), strict=True)
    whole["events"] = [{"type": event["type"], **_of_event(event, source)} for event, source in pairs]
    return {name: whole[name] for name in _PACKET if name in record} | _of(found, entry or {})


def _of_event(found: Mapping[str, Any], event: Record) -> dict[str, Any]:
    """The fields of an event that it tells; those of an expectation have the names under which they are printed."""
    if is_expectation(event):
        return {name: value for name, value in found.items() if name in event}
    return _of(found, event)


def _of(found: Mapping[str, Any], entry: Record) -> dict[str, Any]:
    """The fields of an entry that it tells."""
    told: dict[str, Any] = {}
    for name, value in found.items():
        source = (entry.get(_INSIDE[name]) or {}) if name in _INSIDE else entry
        needed = _MADE_OF.get(name, (name,))
        if all(one in source for one in needed) and not (name == "counters" and value is None):
            told[name] = value
    return told
