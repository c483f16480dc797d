"""The formats that ``-o`` chooses from: each writes a flow, or an event, as one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ctcore.common import EventKind
from ctcore.conn import Conn
from ctcore.errors import CtcoreError
from ctcore.formats import save, text, xml
from ctcore.formats.objects import event_object, flow_object
from ctcore.formats.output import Output


@dataclass(frozen=True, slots=True)
class Format:
    """One format; times are nanoseconds, lines come without their newline.

    ``flow_line(ct, now, output)``                a flow in a list
    ``event_line(kind, ct, mask, now, output)``   an event, with a bit of ``mask`` for each ``Event``
    ``opening``, ``closing``                      what stands around the lines, where there is a line
    """

    name: str
    flow_line: Callable[[Conn, int, Output], str]
    event_line: Callable[[EventKind, Conn, int, int, Output], str]
    opening: str | None = None
    closing: str | None = None


def _json_flow(ct: Conn, now: int, output: Output) -> str:
    return json.dumps(flow_object(ct, now))


def _json_event(kind: EventKind, ct: Conn, mask: int, now: int, output: Output) -> str:
    return json.dumps(event_object(kind, ct, now))


FORMATS: Final[Mapping[str, Format]] = {
    "text": Format("text", text.flow_line, text.event_line),
    "xml": Format("xml", xml.flow_line, xml.event_line, xml.OPENING, xml.CLOSING),
    "save": Format("save", save.flow_line, save.event_line),
    "json": Format("json", _json_flow, _json_event),
}
# The flags, in the order of Output's fields.
FLAGS: Final = ("extended", "id", "timestamp", "ktimestamp", "labels")
WORDS: Final = (*(name for name in FORMATS if name != "text"), *FLAGS)


class OutputError(CtcoreError):
    """An ``-o`` that cannot be followed."""


def parse(value: str) -> tuple[Format, Output]:
    """What ``-o value`` asks for: words from ``WORDS``, with commas between; text where no format is named.

    Raises OutputError for an unknown word, and for two formats or a flag that go ill together.
    """
    words = value.split(",")
    for word in words:
        if word not in WORDS:
            raise OutputError(f"Bad parameter `{word}'")
    formats = dict.fromkeys(word for word in words if word in FORMATS)
    for alone in ("save", "json"):
        if alone in formats and len(set(words)) > 1:
            raise OutputError(f"cannot combine {alone} output with any other output type, use -o {alone} only")
    extended, id_, timestamp, ktimestamp, labels = (flag in words for flag in FLAGS)
    output = Output(extended, id_, timestamp, ktimestamp, labels)
    return FORMATS[next(iter(formats), "text")], output
