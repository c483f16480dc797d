"""The smallest parts of a message: decimal numbers, and texts that are looked for within one line.

Every function takes the whole message and a position in it, and reads nothing beyond the message's end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

LINE_END: Final = rb"(?:\r\n|\r|\n)"
LETTERS: Final = rb"A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\xff"
"""What the kernel takes for letters: those of ISO 8859-1."""

_MOST_DIGITS: Final = 11
_U32_MAX: Final = 2**32 - 1

_digits = re.compile(rb"[0-9]+").match

Search = Callable[[bytes, int], "re.Match[bytes] | None"]


def digits_end(text: bytes, at: int) -> int:
    """Where the digits that begin at ``at`` end: ``at`` itself where there are none."""
    found = _digits(text, at)
    return at if found is None else found.end()


def number(text: bytes, at: int) -> int | None:
    """The decimal number at ``at``; None where there is none, or one above 2**32 - 1.

    More than eleven digits are no number, even if they begin with zeros (kernel behaviour).
    """
    end = digits_end(text, at)
    if not 0 < end - at <= _MOST_DIGITS:
        return None
    value = int(text[at:end])
    return value if value <= _U32_MAX else None


def on_line(literal: bytes) -> Search:
    """A search from a position for a text on the same line; its match ends behind the text.

    The kernel does not find what stands at the very end of a message.
    """
    return re.compile(rb"[^\r\n]*?%s(?=.)" % literal, re.DOTALL).match


def in_value(literal: bytes) -> Search:
    """The same in any case, and on the lines that continue this one, but for their first byte (kernel behaviour)."""
    continued = rb"(?:%s[ \t]+[^ \t][^\r\n]*?)*?" % LINE_END
    return re.compile(rb"[^\r\n]*?%s%s(?=.)" % (continued, literal), re.DOTALL | re.IGNORECASE).match
