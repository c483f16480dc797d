"""FTP's control connection: the four lines that announce, among others."""

from __future__ import annotations

from random import Random
from typing import Final

from ctcore.testing.packets import TCP
from ctcore.verify.fuzz.languages import OTHERS, PORTS, Ends, Language, address, mostly, number

_CHATTER: Final = (
    (b"USER ftp\r\n", b"PASV\r\n", b"EPSV\r\n", b"RETR a\r\n", b"NOOP\n", b"x", b"QUIT\r\n"),
    (b"220 hello\r\n", b"200 PORT command successful\r\n", b"226 done\r\n", b"150-a\r\n150 b\r\n", b"y"),
)
_ENDS: Final = (b"\n", b"\r", b"", b" \r\n", b"\r\nNOOP\r\n")


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    direction = rng.randrange(2)
    if rng.random() < 0.3:
        return direction, rng.choice(_CHATTER[direction])
    return direction, rng.choice(_LINES[direction])(rng, ends) + mostly(rng, b"\r\n", *_ENDS)


def _six(rng: Random, ends: Ends) -> bytes:
    where = rng.choice(OTHERS) if ends.ipv6 else address(rng, ends)
    parts = where.encode().split(b".")
    high, low = divmod(rng.choice((*PORTS, 0)), 256)
    parts += [str(high).encode(), str(low).encode()]
    if rng.random() < 0.2:
        parts[rng.randrange(6)] = number(rng)
    if rng.random() < 0.1:
        parts = parts[: rng.randrange(6)] + parts[rng.randrange(6) :]
    return b",".join(parts)


def _port(rng: Random, ends: Ends) -> bytes:
    return b"PORT" + mostly(rng, b" ", b"", b"  ", b"\t", b"x ") + _six(rng, ends)


def _eprt(rng: Random, ends: Ends) -> bytes:
    delimiter = _delimiter(rng)
    usual, other = (b"2", b"1") if ends.ipv6 else (b"1", b"2")
    family = mostly(rng, usual, other, b"3", b"")
    where = mostly(rng, address(rng, ends).encode(), b"10.0.2.9" if ends.ipv6 else b"::1", b"1.2.3", number(rng))
    return b"EPRT " + delimiter.join((b"", family, where, number(rng), b""))


def _entering(rng: Random, ends: Ends) -> bytes:
    words = (b"Entering Passive Mode (", b"", b"(", b"=", b"2 hosts ")
    return b"227 " + rng.choice(words) + _six(rng, ends) + rng.choice((b")", b").", b"", b" "))


def _extended(rng: Random, ends: Ends) -> bytes:
    delimiter = _delimiter(rng)
    words = (b"Entering Extended Passive Mode (", b"(", b"")
    return b"229 " + rng.choice(words) + delimiter * rng.choice((3, 3, 3, 2, 4)) + number(rng) + delimiter + b")"


def _delimiter(rng: Random) -> bytes:
    return mostly(rng, b"|", b"!", b"1", b" ", b"\x7f", b"~")


_LINES: Final = ((_port, _port, _eprt), (_entering, _extended))

LANGUAGE: Final = Language("ftp", TCP, 21, TCP, _say)
