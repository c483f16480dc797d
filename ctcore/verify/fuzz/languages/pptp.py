"""PPTP's control connection: messages in order and out of order, with few call ids, that agree on tunnels."""

from __future__ import annotations

import struct
from random import Random
from typing import Final

from ctcore.testing.packets import TCP
from ctcore.testing.tunnels import GRE
from ctcore.verify.fuzz.languages import PORTS, Ends, Language

COOKIE: Final = 0x1A2B3C4D
CALLS: Final = PORTS[:3]

_CLIENT: Final = (1, 3, 5, 7, 10, 12, 15)
_SERVER: Final = (2, 4, 6, 8, 9, 11, 13, 14)
_SIZES: Final = {
    1: 144, 2: 144, 3: 4, 4: 4, 5: 4, 6: 8, 7: 156, 8: 20, 9: 208, 10: 12, 11: 16, 12: 4, 13: 136, 14: 28, 15: 12,
}  # fmt: skip
_RESULT_AT: Final = {2: 2, 4: 0, 6: 4, 8: 4, 10: 4}


def message(kind: int, first: int = 0, second: int = 0, result: int = 1, size: int | None = None) -> bytes:
    """A control message whose body begins with two numbers (call ids), with a result where its type has one.

    ``size`` (bytes) stands in for the right size of the body.
    """
    body = bytearray(struct.pack(">HH", first, second) + bytes(_SIZES.get(kind, 4)))
    if kind in _RESULT_AT:
        body[_RESULT_AT[kind]] = result
    body = body[: _SIZES.get(kind, 4) if size is None else size]
    return struct.pack(">HHIHH", 12 + len(body), 1, COOKIE, kind, 0) + body


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    if rng.random() < 0.15:
        return _anything(rng)
    if not ends.next:
        ends.next.extend(_scene(rng))
    direction, data = ends.next.pop(0)
    return direction, data if rng.random() < 0.9 else data + _anything(rng)[1]


def _scene(rng: Random) -> list[tuple[int, bytes]]:
    """What belongs together: a session opens or ends, a call is made either way, or is hung up."""
    pns, pac = rng.choice(CALLS), rng.choice(CALLS)
    result = 1 if rng.random() < 0.85 else rng.choice((0, 2, 5))
    opening = [(0, message(1)), (1, message(2, result=result))]
    dialled = [(0, message(7, pns)), (1, message(8, pac, pns, result))]
    answered = [(1, message(9, pac)), (0, message(10, pns, pac, result)), (1, message(11, pns))]
    ending = [(0, message(3)), (1, message(4, result=result))]
    hung_up = rng.choice(([(0, message(12, pns)), (1, message(13, pac))], [(1, message(13, pac))]))
    calls = rng.choice((dialled, dialled + dialled[1:], answered, answered + answered[2:], dialled + hung_up))
    scenes = (opening, opening + calls, opening + calls, calls, calls, hung_up, ending)
    return list(rng.choice(scenes))


def _anything(rng: Random) -> tuple[int, bytes]:
    direction = rng.randrange(2)
    kind = rng.choice((_CLIENT, _SERVER)[direction] if rng.random() < 0.95 else (0, 16, *_SIZES))
    size = _SIZES.get(kind, 4)
    told = rng.choice((size - 1, size + 1, 0, 500)) if rng.random() < 0.2 else None
    data = message(kind, rng.choice(CALLS), rng.choice(CALLS), rng.choice((1, 1, 1, 0, 2)), told)
    if rng.random() < 0.1:
        data = data[:2] + rng.choice((b"\0\2", b"\1\0")) + data[4:]
    return direction, data


LANGUAGE: Final = Language("pptp", TCP, 1723, GRE, _say, ipv6=False)
