"""A line of the control connection: does it announce a data connection, and to where?

Four lines do: PORT and EPRT of the client, the answers 227 and 229 of the server. A line that begins like one of them
and does not end like it is a partial match: the kernel drops it, so that it comes again as a whole.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final, NamedTuple

COMMA, DOT, CR, NO_TERMINATOR = 0x2C, 0x2E, 0x0D, -1
U16: Final = 0xFFFF
U32: Final = 0xFFFFFFFF
IPV4_SIZE: Final = 4
GRAPHIC: Final = frozenset(range(33, 127)) - frozenset(b"0123456789")  # what may stand between the parts of EPRT


class Announced(NamedTuple):
    """Where a data connection will go: a packed address of the flow's family, and a port number."""

    address: bytes
    port: int


Reader = Callable[[bytes, int, bytes], "Announced | None"]


def _six_numbers(data: bytes, at: int, own: bytes, terminator: int = CR) -> Announced | None:
    """``h1,h2,h3,h4,p1,p2``: the numbers are put together by shifts, however large they are."""
    found = _numbers(data, at, 6, COMMA, terminator)
    if found is None:
        return None
    (*address, high, low), _ = found
    return Announced(_address(address) + own[IPV4_SIZE:], (high << 8 | low) & U16)


def _passive(data: bytes, at: int, own: bytes) -> Announced | None:
    """The same from the first digit on, and whatever follows."""
    for place in range(at, len(data)):
        if _is_digit(data[place]):
            return _six_numbers(data, place, own, NO_TERMINATOR)
    return None


def _extended(data: bytes, at: int, own: bytes) -> Announced | None:
    """``|1|132.235.1.2|6275|`` or ``|2|1080::8:800:200C:417A|5282|``, of the flow's own family."""
    if len(data) - at <= 3 or data[at] not in GRAPHIC or data[at + 2] != data[at]:
        return None
    ipv4 = len(own) == IPV4_SIZE
    if data[at + 1] != (0x31 if ipv4 else 0x32):
        return None
    found = _ipv4(data, at + 3, data[at]) if ipv4 else _ipv6(data, at + 3, data[at])
    if found is None:
        return None
    address, end = found
    return _port(data, end + 1, data[at], address)


def _extended_passive(data: bytes, at: int, own: bytes) -> Announced | None:
    """``|||6446|``: the host that says it is the one that is meant."""
    if len(data) - at <= 3 or data[at] not in GRAPHIC or not data[at] == data[at + 1] == data[at + 2]:
        return None
    return _port(data, at + 3, data[at], own)


class Line(NamedTuple):
    """A line that announces: what to skip up to and past (nothing where empty), and how to read the rest."""

    skip: bytes
    read: Reader


LITERAL: Final = 4  # bytes: how such a line begins
LINES: Final = (
    {
        b"PORT": Line(b" ", _six_numbers),
        b"EPRT": Line(b" ", _extended),
    },
    {
        b"227 ": Line(b"", _passive),
        b"229 ": Line(b"(", _extended_passive),
    },
)
"""By direction, 0 the client's and 1 the server's, and by how the line begins, in letters of either case."""

BEGINNINGS: Final = tuple(
    frozenset(literal[:size] for literal in lines for size in range(1, LITERAL + 1)) for lines in LINES
)
"""What the first bytes of such a payload are in capital letters: all of a line's beginning, or as much as there is."""


def scan(data: bytes, direction: int, own: bytes) -> tuple[str | None, Announced | None]:
    """Which of its direction's lines the payload ``data`` (not empty) is, by how that begins, and what it announces.

    Both are None for no such line; a line that announces nothing is a partial match. ``own`` is the packed address of
    the host that said it.
    """
    literal = data[:LITERAL].upper()
    line = LINES[direction].get(literal)
    if line is not None:
        at = data.find(line.skip, LITERAL)
        return literal.decode(), line.read(data, at + len(line.skip), own) if at >= 0 else None
    if len(data) < LITERAL:
        for whole in LINES[direction]:
            if whole.startswith(literal):
                return whole.decode(), None
    return None, None


def _numbers(data: bytes, at: int, count: int, separator: int, terminator: int) -> tuple[list[int], int] | None:
    """``count`` numbers, each modulo 2**32 and 0 where it has no digits, and the place of the terminator."""
    numbers = [0]
    for place in range(at, len(data)):
        byte = data[place]
        if _is_digit(byte):
            numbers[-1] = (numbers[-1] * 10 + byte - 0x30) & U32
        elif byte == separator and len(numbers) < count:
            numbers.append(0)
        elif len(numbers) == count and byte != separator and terminator in (byte, NO_TERMINATOR):
            return numbers, place
        else:
            return None
    return None


def _ipv4(data: bytes, at: int, terminator: int) -> tuple[bytes, int] | None:
    found = _numbers(data, at, 4, DOT, terminator)
    return None if found is None else (_address(found[0]), found[1])


def _ipv6(data: bytes, at: int, terminator: int) -> tuple[bytes, int] | None:
    end = data.find(terminator, at)
    try:
        return socket.inet_pton(socket.AF_INET6, data[at:end].decode("ascii")), end
    except (OSError, ValueError):
        return None


def _address(numbers: list[int]) -> bytes:
    a, b, c, d = numbers
    return ((a << 24 | b << 16 | c << 8 | d) & U32).to_bytes(IPV4_SIZE, "big")


def _port(data: bytes, at: int, terminator: int, address: bytes) -> Announced | None:
    """A port up to its terminator, modulo 2**16; 0 is none."""
    port = 0
    for byte in data[at:]:
        if byte == terminator:
            return Announced(address, port) if port else None
        if not _is_digit(byte):
            return None
        port = (port * 10 + byte - 0x30) & U16
    return None


def _is_digit(byte: int) -> bool:
    return 0x30 <= byte <= 0x39
