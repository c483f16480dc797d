"""The headers of a message (RFC 3261, 7.3), found as the kernel finds them.

A header begins behind the end of a line, so never with a message's first line. Its name counts in any case, or in its
compact form (RFC 3261, 7.3.3) before something that is no letter. Lines that begin with white space continue the one
before (RFC 3261, 7.3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ctcore_sip.address import Endpoint, endpoint
from ctcore_sip.scan import LETTERS, LINE_END, in_value, line_start, number

_colon = re.compile(
    rb"[ \t]*(?:%(end)s[ \t]+)?:(?=.)[ \t]*(?:%(end)s[ \t]+|(?![ \t\r\n]))" % {b"end": LINE_END}, re.DOTALL
).match
_comma = in_value(b",")
_sip = in_value(b"sip:")

TRANSPORT: Final = b"transport="
LIFETIME: Final = b"expires="
_PARAMETERS: Final = {name: in_value(name) for name in (TRANSPORT, LIFETIME)}


class Header:
    """A kind of header, by its name and, if it has one, its compact form."""

    def __init__(self, name: bytes, compact: bytes = b"") -> None:
        short = rb"|%s(?=[^%s])" % (compact, LETTERS) if compact else b""
        self._line = line_start(rb"(?:%s%s)" % (name, short))

    def find(self, text: bytes, at: int = 0) -> int | None:
        """Where the value of the next such header begins; None where there is none, or where it has no value."""
        line = self._line(text, at)
        colon = None if line is None else _colon(text, line.end())
        return None if colon is None else colon.end()

    def number(self, text: bytes) -> int | None:
        """The number that is the value of the first such header, or None."""
        at = self.find(text)
        return None if at is None else number(text, at)


CSEQ: Final = Header(b"CSeq")
CONTACT: Final = Header(b"Contact", b"m")
EXPIRES: Final = Header(b"Expires")
CONTENT_LENGTH: Final = Header(b"Content-Length", b"l")


def contacts(text: bytes, family: int) -> Iterator[Endpoint]:
    """The endpoints in the ``Contact`` headers, in order; what cannot be read is passed over.

    Where one ends begin its parameters.
    """
    at = CONTACT.find(text)
    while at is not None:
        begin = _sip(text, at)
        found = begin and _uri(text, begin.end(), family)
        while found:
            yield found
            at, found = _after_comma(text, found.end, family)
        at = CONTACT.find(text, at)


def _after_comma(text: bytes, at: int, family: int) -> tuple[int, Endpoint | None]:
    """The next readable one of a list, and where to look on if there is none."""
    while True:
        comma = _comma(text, at)
        begin = comma and _sip(text, comma.end() - 1)
        if not begin:
            return at, None
        found = _uri(text, begin.end(), family)
        if found:
            return at, found
        at = begin.end()


def _uri(text: bytes, at: int, family: int) -> Endpoint | None:
    """The endpoint in what follows ``sip:``, behind the user."""
    sign = text.find(b"@", at)
    has_user = sign >= 0 and text.find(b"\r", at, sign) < 0 and text.find(b"\n", at, sign) < 0
    return endpoint(text, sign + 1 if has_user else at, family)


def parameter(text: bytes, at: int, name: bytes) -> int | None:
    """Where the value of a parameter begins, before the next comma and the end of the line; None without one."""
    comma = _comma(text, at)
    begin = _PARAMETERS[name](text if comma is None else text[: comma.end() - 1], at)
    return None if begin is None else begin.end()
