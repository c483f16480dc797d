"""Session descriptions (RFC 4566): the lines that tell where media are awaited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from socket import AF_INET, AF_INET6
from typing import Final, NamedTuple

from ctcore_sip.address import address
from ctcore_sip.scan import LETTERS, Search, digits_end, line_start, number, on_line

_NETWORK: Final[dict[int, Search]] = {
    AF_INET: on_line(b"IN IP4 "),
    AF_INET6: on_line(b"IN IP6 "),
}
_version = line_start(rb"v=")
_medium = line_start(rb"m=")
_connection_or_medium = line_start(rb"[cm]=")
_kind = re.compile(rb"([%s]*) " % LETTERS).match


class Medium(NamedTuple):
    """What a line ``m=`` announces: ``kind`` ("audio" …), the port that it tells, and the address (packed), or None."""

    kind: bytes
    port: int
    address: bytes | None


def media(text: bytes, family: int) -> Iterator[Medium]:
    """The media that a message's session description announces, in order; none where it has no description.

    A medium's own address counts before that of the session. Lines that announce no port, or port 0, are left out.
    """
    version = _version(text, 0)
    if version is None or digits_end(text, version.end()) == version.end():
        return
    common = _connection(text, version.end(), family)
    line = _medium(text, version.end())
    while line is not None:
        at = line.end()
        kind = _kind(text, at)
        if kind is None:
            return
        port = number(text, kind.end())
        if port:
            yield Medium(kind[1], port, _connection(text, at, family) or common)
        line = _medium(text, at)


def _connection(text: bytes, at: int, family: int) -> bytes | None:
    """The address of the line ``c=`` before the next medium."""
    line = _connection_or_medium(text, at)
    if line is None or line[1].lower() == b"m=":
        return None
    network = _NETWORK[family](text, line.end())
    found = network and address(text, network.end(), family, delimited=False)
    return found[0] if found else None
