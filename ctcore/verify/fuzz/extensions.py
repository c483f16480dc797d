"""IPv6 extension headers, right and wrong: every kind, with options of every action, too long, too many, cut short."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import Final

from ctcore.testing.packets import extension

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT, DESTINATION = 0, 43, 44, 51, 59, 60
KINDS: Final = (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT, DESTINATION)

PAD1, PADN, ROUTER_ALERT, CALIPSO, IOAM, JUMBO = 0, 1, 5, 7, 0x31, 0xC2
OPTIONS: Final = (4, ROUTER_ALERT, CALIPSO, 8, 0x1E, IOAM, 0x3E, 0x5E, 0x9E, JUMBO, 0xC9, 0xDE)

Header = tuple[int, bytes]  # its number, and what follows its next header field


def chain(rng: Random) -> list[Header]:
    """Some headers one after the other, a right order being one of many."""
    headers = [rng.choice(MAKERS)(rng) for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5)))]
    if rng.random() < 0.6:
        headers.sort(key=lambda header: header[0] != HOP_BY_HOP)
    return headers


def written(headers: list[Header], following: int) -> tuple[int, bytes]:
    """(the first next header field, the bytes of the headers before a protocol)."""
    data = b""
    for number, body in reversed(headers):
        data = bytes((following,)) + body + data
        following = number
    return following, data


def _options(rng: Random) -> bytes:
    parts = [_option(rng) for _ in range(rng.choice((0, 1, 1, 2, 3, 9)))]
    whole = b"".join(parts)
    if rng.random() < 0.8:
        whole += _padding(-(len(whole) + 2) % 8)
    if rng.random() < 0.1 and whole:
        at = rng.randrange(len(whole))
        whole = whole[:at] + rng.randbytes(1) + whole[at + 1 :]
    return whole


def _option(rng: Random) -> bytes:
    luck = rng.random()
    if luck < 0.2:
        return bytes(rng.choice((1, 1, 2, 3, 7, 8)))
    if luck < 0.4:
        size = rng.choice((0, 1, 2, 4, 5, 6))
        return bytes((PADN, size)) + (bytes(size) if rng.random() < 0.9 else rng.randbytes(size))
    kind = rng.choice((*OPTIONS[:7], *OPTIONS, rng.getrandbits(8)))
    size = rng.choice({ROUTER_ALERT: (2, 2, 2, 1, 3), JUMBO: (4, 4, 4, 3)}.get(kind, (0, 1, 2, 4, 8, 13)))
    data = rng.choice((bytes(size), rng.randbytes(size), b"\0\1\0\0"[:size].ljust(size, b"\0")))
    aligned = bytes(rng.choice((0, 1, 2, 3))) if kind in (IOAM, JUMBO) else b""
    return aligned + bytes((kind, size)) + data


def _padding(size: int) -> bytes:
    return bytes((PADN, size - 2)) + bytes(size - 2) if size > 1 else bytes(size)


def _of_options(number: int) -> Callable[[Random], Header]:
    return lambda rng: _miscounted(rng, extension(number, _options(rng)))


def _routing(rng: Random) -> Header:
    kind, left = rng.choice((0, 0, 2, 3, 4, 255)), rng.choice((0, 0, 1, 255))
    return _miscounted(rng, extension(ROUTING, bytes((kind, left)) + rng.randbytes(rng.choice((4, 4, 20, 36)))))


def _authentication(rng: Random) -> Header:
    data = rng.randbytes(rng.choice((10, 10, 22, 6, 14)))
    return _miscounted(rng, (AUTHENTICATION, bytes((len(data) // 4,)) + data + bytes(-(len(data) + 2) % 4)))


def _fragment(rng: Random) -> Header:
    """As a rule one that is alone: first and last. A reserved bit may be set in it."""
    field = rng.choice((0, 0, 0, 0, 6, 1, 8, 9, rng.getrandbits(16)))
    return FRAGMENT, struct.pack(">BHI", rng.choice((0, 0, 1, 255)), field, rng.choice((1, 2, rng.getrandbits(32))))


def _long(rng: Random) -> Header:
    return extension(
        rng.choice((HOP_BY_HOP, DESTINATION, DESTINATION)), _padding(6) + bytes((0x1E, 0xF8)) + bytes(0xF8)
    )


def _no_next(rng: Random) -> Header:
    return NO_NEXT, rng.randbytes(rng.choice((0, 1, 7)))


def _miscounted(rng: Random, header: Header) -> Header:
    """As a rule as it is; else it claims to be longer or shorter."""
    number, body = header
    if rng.random() < 0.92:
        return header
    return number, bytes((rng.choice((0, 1, 2, body[0] ^ 1, 255)),)) + body[1:]


MAKERS: Final[tuple[Callable[[Random], Header], ...]] = (
    _of_options(HOP_BY_HOP), _of_options(HOP_BY_HOP), _of_options(DESTINATION), _routing, _authentication, _fragment,
    _fragment, _long, _no_next,
)  # fmt: skip
