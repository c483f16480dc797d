"""A comparison as people read it: the first packet in dispute with both accounts, and a table of agreement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ctcore.verify.compare import Comparison, Tally, account
from ctcore.verify.fuzz.show import decoded
from ctcore.verify.schema import PACKET
from ctcore.verify.sidebyside import Disputed, Outcome

MOST: Final = 20
"""Differences after the last packet that are told one by one."""

_IP: Final = (0x0800, 0x86DD)
_NOT_SAID: Final = "-"
_NOT_PRINTED: Final = "(not printed)"


def verdict_line(name: str, outcome: Outcome) -> str:
    """One line on a capture."""
    found = outcome.comparison.differences
    told = f"{len(found)} differences" if len(found) > 1 else "1 difference" if found else "no difference"
    short = ", as far as it goes" if outcome.faults else ""
    return f"{name}: {outcome.comparison.packets} packets, {told}{short}"


def details(outcome: Outcome) -> Iterator[str]:
    """What there is to tell of a capture, line by line: the first packet in dispute, or what differs at the end."""
    if outcome.disputed is not None:
        yield from disputed_lines(outcome.disputed, outcome.comparison)
    else:
        differences = outcome.comparison.differences
        yield from (
            f"  after the last packet: {found.field}: kernel {_text(found.kernel)}, ctcore {_text(found.ctcore)}"
            for found in differences[:MOST]
        )
        if len(differences) > MOST:
            yield f"  and {len(differences) - MOST} more"
    yield from (f"  {name} is not compared: the kernel's side does not have it" for name in outcome.lacking)


def disputed_lines(disputed: Disputed, judged: Comparison) -> Iterator[str]:
    """A packet and both accounts of it, field by field; those that differ are marked."""
    packet = disputed.packet
    shown = decoded(packet) if disputed.ethertype in _IP else f"EtherType {disputed.ethertype:04x}"
    yield f"  packet {disputed.kernel['frame']}: {shown}"
    comparison = type(judged)()
    comparison.add(disputed.kernel, disputed.ctcore)
    wrong = {found.field for found in comparison.differences}
    theirs = _account(account(disputed.kernel), disputed.kernel)
    ours = _account(judged.own_account(disputed.ctcore), disputed.ctcore)
    for name in dict.fromkeys([*theirs, *ours]):
        said = theirs.get(name, _NOT_SAID)
        own = ours.get(name) or (_NOT_SAID if judged.complete else _silence(name, disputed.ctcore))
        if said == own:
            yield f"    {name:<10} both    {said}"
        else:
            mark = "*" if name in wrong else " "
            yield f"  {mark} {name:<10} kernel  {said}"
            yield f"  {mark} {'':<10} {judged.side:<7} {own}"


def _silence(name: str, record: Mapping[str, Any]) -> str:
    """What stands for a field that a line does not have: where there is no entry an entry's fields are not missing."""
    no_entry = name not in PACKET and "entry" in record and record["entry"] is None
    return _NOT_SAID if no_entry else _NOT_PRINTED


def agreement(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """The table of agreement over all captures: how often each field was compared, and how often it agreed."""
    total: dict[str, Tally] = {}
    for comparison in comparisons:
        for name, tally in comparison.tally.items():
            row = total.setdefault(name, Tally())
            row.compared += tally.compared
            row.agreed += tally.agreed
            row.lacking += tally.lacking
    yield f"{'field':<32} {'compared':>10} {'agreed':>10}"
    rows = [*total.items(), ("all", _sum(total))]
    for name, row in rows:
        marks = [f"{row.compared - row.agreed} differ"] * (row.agreed < row.compared)
        marks += [f"{row.lacking} not printed"] * (row.lacking > 0)
        yield f"{name:<32} {row.compared:>10} {row.agreed:>10}  {', '.join(marks)}".rstrip()


def _sum(total: Mapping[str, Tally]) -> Tally:
    rows = total.values()
    return Tally(*(sum(getattr(row, name) for row in rows) for name in ("compared", "agreed", "lacking")))


def _account(compared: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, str]:
    """What is compared of a packet, and all its reasons, as text."""
    fields = {name: value for name, value in compared.items() if name != "frame"}
    if "reasons" in fields:
        fields["reasons"] = record["reasons"]
    if "events" in fields:
        fields["events"] = [_event(event) for event in record["events"]]
    return {name: _text(value) for name, value in fields.items()}


def _event(event: Mapping[str, Any]) -> str:
    if "original" not in event:
        return str(event["type"])
    flow = " ".join(f"{name}={value}" for name, value in event["original"].items())
    status = ",".join(event.get("status", ()))
    return " ".join(filter(None, (event["type"], event.get("state"), flow, status)))


def _text(value: Any) -> str:
    if value is None or value is False or value == []:
        return _NOT_SAID
    if value is True:
        return "yes"
    if isinstance(value, (list, tuple)):
        return "; ".join(map(_text, value))
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_text(one)}" for name, one in value.items())
    return str(value)
