"""The smallest parts of a message: decimal numbers, and texts that are looked for within one line.

Every function takes the whole message and a position in it, and reads nothing beyond the message's end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

LINE_END: Final = rb"(?:\r\n|\r(?!\n)|\n)"
LETTERS: Final = rb"A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\xff"
"""What the kernel takes for letters: those of ISO 8859-1."""

_U32_MAX: Final = 2**32 - 1

_digits = re.compile(rb"[0-9]+").match
_number = re.compile(rb"[0-9]{1,11}(?![0-9])").match

Search = Callable[[bytes, int], "re.Match[bytes] | None"]


def digits_end(text: bytes, at: int) -> int:
    """Where the digits that begin at ``at`` end: ``at`` itself where there are none."""
    found = _digits(text, at)
    return at if found is None else found.end()


def number(text: bytes, at: int) -> int | None:
    """The decimal number at ``at``; None where there is none, or one above 2**32 - 1.

    More than eleven digits are no number, even if they begin with zeros (kernel behaviour).
    """
    found = _number(text, at)
    value = None if found is None else int(found[0])
    return None if value is None or value > _U32_MAX else value


def line_start(beginnings: bytes) -> Search:
    """A search from a position for the next line that begins with one of these texts, in any case: a pattern.

    The match has the beginning as its group 1, and ends behind it. Of what follows the end of a line the kernel passes
    over one byte, even where that is itself the end of a line.
    """
    others = rb"(?:[^\r\n]*%s(?!%s).)*" % (LINE_END, beginnings)
    return re.compile(rb"%s[^\r\n]*%s(%s)" % (others, LINE_END, beginnings), re.DOTALL | re.IGNORECASE).match


def on_line(literal: bytes) -> Search:
    """A search from a position for a text on the same line; its match ends behind the text.

    The kernel does not find what stands at the very end of a message.
    """
    return re.compile(rb"[^\r\n]*?%s(?=.)" % literal, re.DOTALL).match


def in_value(literal: bytes) -> Search:
    """The same in any case, and on the lines that continue this one, but for their first byte (kernel behaviour)."""
    continued = rb"(?:%s[ \t]+[^ \t][^\r\n]*?)*?" % LINE_END
    return re.compile(rb"[^\r\n]*?%s%s(?=.)" % (continued, literal), re.DOTALL | re.IGNORECASE).match
