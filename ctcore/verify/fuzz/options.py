"""IPv4 options, right and wrong: record route, timestamps, source routes, router alert, security, unknown ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

RECORD_ROUTE: Final = 7
TIMESTAMP: Final = 68
SECURITY: Final = 130
LOOSE_ROUTE: Final = 131
COMMERCIAL_SECURITY: Final = 134
STREAM: Final = 136
STRICT_ROUTE: Final = 137
ROUTER_ALERT: Final = 148

KINDS: Final = (
    0, 1, RECORD_ROUTE, TIMESTAMP, SECURITY, LOOSE_ROUTE, COMMERCIAL_SECURITY, STREAM, STRICT_ROUTE, ROUTER_ALERT,
    2, 82, 133, 145, 205, 255,
)  # fmt: skip


def options(rng: Random) -> bytes:
    """Some options one after the other; up to 40 bytes of them will be used."""
    parts = [rng.choice(MAKERS)(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    if rng.random() < 0.3:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice((b"\0", b"\1", b"\1\1\1")))
    whole = b"".join(parts)
    if rng.random() < 0.2 and whole:
        at = rng.randrange(min(len(whole), 40))
        whole = whole[:at] + bytes([rng.getrandbits(8)]) + whole[at + 1 :]
    return whole


def _route(kind: int) -> Callable[[Random], bytes]:
    """Record route or a source route: pointer at, before and behind the last place."""

    def make(rng: Random) -> bytes:
        places = rng.randint(0, 4)
        length = 3 + 4 * places + rng.choice((0, 0, 0, 1, 2, 3))
        pointer = rng.choice((4, 4, 4 + 4 * rng.randint(0, places), length, length + 1, length - 3, rng.randrange(40)))
        return (
            bytes((kind, length, pointer % 256)) + bytes((10, 0, 2, 2)) * ((length - 3) // 4) + bytes((length - 3) % 4)
        )

    return make


def _timestamp(rng: Random) -> bytes:
    flag = rng.choice((0, 0, 1, 1, 3, 3, 2, rng.randrange(16)))
    entry = 4 if flag == 0 else 8
    length = 4 + entry * rng.randint(0, 4) + rng.choice((0, 0, 0, 1, 3, 4))
    pointer = rng.choice((5, 5, 5 + entry, length, length + 1, length - 3, length - 7, rng.randrange(40)))
    overflow = rng.choice((0, 0, 14, 15)) << 4
    return (
        bytes((TIMESTAMP, length, pointer % 256, overflow | flag)) + bytes((10, 0, 2, 2, 0, 0, 0, 0) * 5)[: length - 4]
    )


def _router_alert(rng: Random) -> bytes:
    length = rng.choice((4, 4, 4, 3, 2, 5))
    return bytes((ROUTER_ALERT, length, *rng.choice(((0, 0), (0, 0), (0, 1), (255, 255))), 0))[:length]


def _security(rng: Random) -> bytes:
    kind, length = rng.choice(((SECURITY, 11), (COMMERCIAL_SECURITY, rng.choice((6, 7, 8, 12))), (STREAM, 4)))
    return bytes((kind, length)) + bytes(rng.getrandbits(rng.choice((0, 3, 8))) for _ in range(length - 2))


def _any(rng: Random) -> bytes:
    """Any kind with any length, of which there may be more or less."""
    kind, length = rng.choice((*KINDS, rng.getrandbits(8))), rng.choice((0, 1, 2, 3, 4, 8, 11, 40, rng.getrandbits(8)))
    return bytes((kind, length)) + bytes(
        rng.getrandbits(4) for _ in range(rng.choice((max(0, length - 2), rng.randrange(12))))
    )


MAKERS: Final[tuple[Callable[[Random], bytes], ...]] = (
    _route(RECORD_ROUTE), _route(RECORD_ROUTE), _route(LOOSE_ROUTE), _route(STRICT_ROUTE), _timestamp, _timestamp,
    _router_alert, _security, _any,
)  # fmt: skip
