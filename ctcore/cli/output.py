"""``-o``: how a command prints, in words as conntrack takes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

import click

from ctcore.cli.conduct import say
from ctcore.cli.options import Decorator, option
from ctcore.common import EventKind
from ctcore.conn import Conn
from ctcore.expect import Expectation
from ctcore.formats import expects, proc
from ctcore.formats.labels import DEFAULT_PATH, LabelMap
from ctcore.formats.lines import FORMATS, WORDS, Format, OutputError, parse
from ctcore.formats.objects import expectation_object, expected_object
from ctcore.formats.output import PLAIN, Output

PROC: Final = "proc"
EXPECT: Final = "expect"
dumps: Final = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Lines:
    """What ``-o`` chose: the lines of a format with its flags, or those of /proc/net/nf_conntrack.

    ``opening`` and ``closing`` are what stands around the lines, where there is a line; with ``expect`` the lines are
    to be those of expectations.
    """

    format: Format = FORMATS["text"]
    flags: Output = PLAIN
    proc: bool = False
    expect: bool = False

    @property
    def opening(self) -> str:
        """What comes before the first line, with its newline, or nothing."""
        return f"{self.format.opening}\n" if self.format.opening else ""

    @property
    def closing(self) -> str:
        """What comes after the last line, with its newline, or nothing."""
        return f"{self.format.closing}\n" if self.format.closing else ""

    def flow(self, ct: Conn, now: int) -> str:
        """The line of a flow at the time ``now`` (nanoseconds), with its newline."""
        return (proc.flow_line(ct, now) if self.proc else self.format.flow_line(ct, now, self.flags)) + "\n"

    def expectation(self, exp: Expectation, now: int) -> str:
        """The line of an expectation at the time ``now`` (nanoseconds), with its newline."""
        return (proc.expect_line(exp, now) if self.proc else self._expected(exp, now, None)) + "\n"

    def expect_event(self, kind: EventKind, exp: Expectation, now: int) -> str:
        """The line of an expectation's event at the time ``now`` (nanoseconds), without the newline."""
        return self._expected(exp, now, kind)

    def for_expectations(self) -> Lines:
        """The same for expectations: as in conntrack, what no expectation has makes no difference to them."""
        if self.format.opening is None:
            return self
        return replace(self, format=replace(self.format, opening=expects.XML_OPENING, closing=expects.XML_CLOSING))

    def _expected(self, exp: Expectation, now: int, kind: EventKind | None) -> str:
        if self.format.name == "json":
            return dumps(expected_object(exp, now) if kind is None else expectation_object(kind, exp, now))
        line = expects.xml_line if self.format.name == "xml" else expects.text_line
        return line(exp, now, self.flags, kind)


def lines_option(*more: str) -> Decorator:
    """The option ``-o`` for lines of flows or events, with ``more`` words; its value is a ``Lines``."""
    known = (*WORDS, *more)

    def choose(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> Lines:
        words = ",".join(given).lower().split(",") if given else []
        for word in words:
            if word not in known:
                raise click.BadParameter(f"{word!r} is none of {', '.join(known)}", ctx, param)
        if EXPECT in words:
            rest = ",".join(word for word in words if word != EXPECT)
            return replace(choose(ctx, param, (rest,) if rest else ()), expect=True)
        if words == [PROC]:
            return Lines(proc=True)
        if PROC in words:
            raise click.BadParameter(f"{PROC} cannot be combined with anything else", ctx, param)
        try:
            return _with_labels(*parse(",".join(words))) if words else Lines()
        except OutputError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return option(
        *("-o", "--output", "lines"),
        multiple=True,
        callback=choose,
        metavar="NAME[,NAME...]",
        section="Output",
        help=f"How to print: {', '.join(known)}.",
    )


def expect_option(text: str) -> Decorator:
    """The option ``--expect``."""
    return option("--expect", "expect", is_flag=True, section="Output", help=text)


def json_option() -> Decorator:
    """The option ``-o json`` of commands that have no other format; its value is a truth value."""

    def choose(ctx: click.Context, param: click.Parameter, value: str) -> bool:
        return value == "json"

    return option(
        *("-o", "--output", "as_json"),
        type=click.Choice(["text", "json"]),
        default="text",
        callback=choose,
        section="Output",
        help="Lines for people, or objects for programs.",
    )


def _with_labels(format_: Format, flags: Output) -> Lines:
    """Read the names of the labels, where they are asked for. CtcoreError where that cannot be done."""
    if flags.labels:
        flags = replace(flags, labelmap=LabelMap.load())
        if flags.labelmap is None:
            say(f"ctcore: {DEFAULT_PATH} does not exist, so labels have no names")
    return Lines(format_, flags)
