"""What a line of ``trace -o json`` may hold, for lines that another program printed.

Every field but ``frame`` and ``ctinfo`` may be left out, and what is not listed here is not looked at. A list holds
any number of the one thing that stands in it; None means that null will do as well; a function tells the shape of the
object that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final, TypeAlias

Shape: TypeAlias = Any  # a type, a mapping of names to shapes, [shape], (shape, None), or a function to one of these

REQUIRED: Final = ("frame", "ctinfo")
"""Without them a line cannot be told from another one, and says nothing."""

DIRECTION: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("src", "dst", "srckey", "dstkey"), str),
    **dict.fromkeys(("sport", "dport", "type", "code", "id", "packets", "bytes"), int),
}
ENTRY: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("l3num", "l4num", "mark", "zone"), int),
    "timeout": (int, None),  # whole seconds; the event of a death at the timeout has none
    "state": (str, None),
    "original": DIRECTION,
    "reply": DIRECTION,
    "status": [str],
    "helper": (str, None),
    "master": (DIRECTION, None),
    "tcp": ({"wscale": [int], "flags": [int]}, None),
    "sctp": ({"vtag": [int]}, None),
}
EXPECTATION: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("l3num", "l4num", "timeout", "class", "zone"), int),
    **dict.fromkeys(("expected", "mask", "master"), DIRECTION),
    "flags": [str],
    "helper": (str, None),
}


def is_expectation(event: Mapping[str, Any]) -> bool:
    """Whether an event is one of an expectation, and not of a flow."""
    return str(event.get("type")).startswith("EXP_")


def _event(event: Any) -> Shape:
    expected = isinstance(event, Mapping) and is_expectation(event)
    return {"type": str, **(EXPECTATION if expected else ENTRY)}


PACKET: Final[Mapping[str, Shape]] = {
    "frame": int,
    "ctinfo": str,
    "direction": (str, None),
    "verdict": str,
    "reasons": [str],
    "entry": (ENTRY, None),
    "events": [_event],
}

_NAMES: Final = {str: "text", int: "an integer", dict: "an object", list: "a list"}


def problem(record: Any) -> str | None:
    """What is wrong with a line, as the end of a sentence; None where it is a good one."""
    found = _wrong(record, PACKET, "")
    if found is not None:
        return found
    lacking = [name for name in REQUIRED if name not in record]
    lacking += [f"events[{at}].type" for at, event in enumerate(record.get("events", ())) if "type" not in event]
    return f"has no {lacking[0]}" if lacking else None


def _wrong(value: Any, shape: Shape, path: str) -> str | None:
    if isinstance(shape, tuple):
        return None if value is None else _wrong(value, shape[0], path)
    if isinstance(shape, FunctionType):
        shape = shape(value)
    kind = shape if isinstance(shape, type) else list if isinstance(shape, list) else dict
    if not isinstance(value, kind) or isinstance(value, bool):
        return f"{path} is not {_NAMES[kind]}" if path else f"is not {_NAMES[kind]}"
    return next(filter(None, (_wrong(*part) for part in _parts(value, shape, path))), None)


def _parts(value: Any, shape: Shape, path: str) -> list[tuple[Any, Shape, str]]:
    """What a list or an object is made of: each with its shape, and its path from the line on."""
    if isinstance(shape, list):
        return [(one, shape[0], f"{path}[{at}]") for at, one in enumerate(value)]
    if isinstance(shape, Mapping):
        return [(value[name], shape[name], f"{path}.{name}".lstrip(".")) for name in shape if name in value]
    return []
