"""SANE: a scan is started, and the answer names the port from which the image comes."""

from __future__ import annotations

import struct
from random import Random
from typing import Final

from ctcore.testing.packets import TCP
from ctcore.verify.fuzz.languages import PORTS, Ends, Language

_START: Final = 7


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    if rng.random() < 0.5:
        code = rng.choice((_START, _START, _START, _START, 0, 6, 8, 7 << 24))
        rest = rng.choice((bytes(4), bytes(4), bytes(4), b"", bytes(5), bytes(12)))
        return 0, struct.pack(">I", code) + rest
    status = rng.choice((0, 0, 0, 0, 0, 1, 7, 1 << 24))
    zero = rng.choice((0, 0, 0, 0, 1, 0x100))
    rest = rng.choice((b"", struct.pack(">II", 0x1234, 0), b"\0"))
    return 1, struct.pack(">IHH", status, zero, rng.choice((*PORTS, 0))) + rest


LANGUAGE: Final = Language("sane", TCP, 6566, TCP, _say)
