"""Session descriptions (RFC 4566): the lines that tell where media are awaited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from socket import AF_INET, AF_INET6
from typing import Final, NamedTuple

from ctcore_sip.address import address
from ctcore_sip.scan import LETTERS, LINE_END, Search, number, on_line

_NETWORK: Final[dict[int, Search]] = {
    AF_INET: on_line(b"IN IP4 "),
    AF_INET6: on_line(b"IN IP6 "),
}
_lines = re.compile(rb"%s(?:([vcm])=|.)" % LINE_END, re.DOTALL | re.IGNORECASE).finditer
_version = re.compile(rb"[0-9]").match
_media = re.compile(rb"[%s]* " % LETTERS).match


class Medium(NamedTuple):
    """What a line ``m=`` announces: ``kind`` ("audio" …), the port that it tells, and the address (packed), or None."""

    kind: bytes
    port: int
    address: bytes | None


def media(text: bytes, family: int) -> Iterator[Medium]:
    """The media that a message's session description announces, in order; none where it has no description.

    A medium's own address counts before that of the session. Lines that announce no port, or port 0, are left out.
    """
    version = _find(text, 0, b"v")
    if version is None or not _version(text, version):
        return
    common = _connection(text, version, family)
    at = _find(text, version, b"m")
    while at is not None:
        words = _media(text, at)
        if words is None:
            return
        port = number(text, words.end())
        if port:
            yield Medium(text[at : words.end() - 1], port, _connection(text, at, family) or common)
        at = _find(text, at, b"m")


def _find(text: bytes, at: int, name: bytes, before: bytes = b"") -> int | None:
    """Where the value of the next line of a name begins, if that comes ``before`` any line of another name."""
    for line in _lines(text, at):
        found = line[1].lower() if line[1] else None
        if found == name:
            return line.end()
        if found == before:
            return None
    return None


def _connection(text: bytes, at: int, family: int) -> bytes | None:
    """The address of the line ``c=`` before the next medium."""
    line = _find(text, at, b"c", before=b"m")
    network = None if line is None else _NETWORK[family](text, line)
    found = network and address(text, network.end(), family, delimited=False)
    return found[0] if found else None
