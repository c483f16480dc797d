"""``-o``: the format of a command's output and the flags that go with it, as conntrack takes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import click

from ctcore.cli.conduct import say
from ctcore.cli.options import option
from ctcore.conn import Conn, EventKind
from ctcore.formats.labels import DEFAULT_PATH, LabelMap
from ctcore.formats.objects import event_object, flow_object
from ctcore.formats.output import PLAIN, Output

TEXT: Final = "text"
FLAGS: Final = ("extended", "id", "ktimestamp", "labels", "timestamp")
dumps: Final = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Format:
    """What ``-o`` chose: the name of a format (``text`` where none was named) and the flags."""

    name: str
    flags: Output = PLAIN


class FormatNames(click.ParamType):
    """Names of formats and flags, joined by commas; converted to a tuple of them."""

    name = "FORMAT"

    def __init__(self, formats: tuple[str, ...], flags: tuple[str, ...] = ()) -> None:
        self.formats = formats
        self.known = flags + formats

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Take the text apart; a wrong command line where a name is unknown."""
        names = tuple(str(value).lower().split(","))
        for name in names:
            if name not in self.known:
                self.fail(f"{name!r} is none of {', '.join(self.known)}", param, ctx)
        return names

    def choose(self, ctx: click.Context, param: click.Parameter, given: tuple[tuple[str, ...], ...]) -> Format:
        """All ``-o`` of a command line together; a wrong command line where they name two formats."""
        names = {name for value in given for name in value}
        formats = [name for name in self.formats if name in names]
        if len(formats) > 1 or (formats == ["save"] and len(names) > 1):
            raise click.BadParameter(f"{' and '.join(sorted(names))} cannot be combined", ctx, param)
        chosen = {name: True for name in names if name not in formats}
        labelmap = _labelmap() if "labels" in chosen else None
        return Format(formats[0] if formats else TEXT, Output(**chosen, labelmap=labelmap))


def output_option(*formats: str, flags: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``-o`` with these formats beside the plain text, and these flags."""
    names = FormatNames(formats, flags)
    return option(
        "-o",
        "--output",
        "chosen",
        type=names,
        multiple=True,
        callback=names.choose,
        metavar="NAME[,NAME...]",
        section="Output",
        help=f"How to print: {', '.join(names.known)}.",
    )


def flow_printer(chosen: Format) -> Callable[[Conn, int], str]:
    """The function that makes a line of a flow and the time (nanoseconds)."""
    if chosen.name == "json":
        return lambda ct, now: dumps(flow_object(ct, now))
    if chosen.name == "proc":
        from ctcore.formats import proc

        return proc.flow_line
    if chosen.name == "xml":
        from ctcore.formats import xml

        return partial(xml.flow_line, output=chosen.flags)
    if chosen.name == "save":
        from ctcore.formats import save

        return save.flow_line
    from ctcore.formats import text

    return partial(text.flow_line, output=chosen.flags)


def event_printer(chosen: Format) -> Callable[[EventKind, Conn, int, int], str]:
    """The function that makes a line of an event: kind, flow, mask, and the time (nanoseconds)."""
    if chosen.name == "json":
        return lambda kind, ct, mask, now: dumps(event_object(kind, ct, now))
    if chosen.name == "xml":
        from ctcore.formats import xml

        return partial(xml.event_line, output=chosen.flags)
    if chosen.name == "save":
        from ctcore.formats import save

        return save.event_line
    from ctcore.formats import text

    return partial(text.event_line, output=chosen.flags)


def _labelmap() -> LabelMap | None:
    found = LabelMap.load()
    if found is None:
        say(f"ctcore: {DEFAULT_PATH} does not exist, so labels have no names")
    return found
