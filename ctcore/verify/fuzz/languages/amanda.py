"""Amanda: a backup server is told the ports of the data streams."""

from __future__ import annotations

from random import Random
from typing import Final

from ctcore.testing.packets import TCP, UDP
from ctcore.verify.fuzz.languages import PORTS, Ends, Language, number

_HEAD: Final = b"Amanda 2.4 REP HANDLE 000-65637373 SEQ 954568800\n"


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    if rng.random() < 0.2:
        return rng.randrange(2), rng.choice(
            (_HEAD + b"OPTIONS features=\n", b"ERROR x\n", b"", b"CONNECT", b"CONNECT \n")
        )
    streams = [rng.choice((b"DATA", b"MESG", b"INDEX", b"STATE", b"data", b"X")) for _ in range(rng.randint(1, 5))]
    parts = [name + rng.choice((b" ", b" ", b" ", b"  ", b"")) + _stream_port(rng) for name in streams]
    head = rng.choice((_HEAD, _HEAD, b""))
    end = rng.choice((b"\n", b"\n", b"\n", b"", b"\nDATA 5000\n", b"\nCONNECT DATA 1\n"))
    return int(rng.random() < 0.85), head + b"CONNECT " + b" ".join(parts) + end


def _stream_port(rng: Random) -> bytes:
    return str(rng.choice(PORTS)).encode() if rng.random() < 0.7 else number(rng)


LANGUAGE: Final = Language("amanda", UDP, 10080, TCP, _say)
