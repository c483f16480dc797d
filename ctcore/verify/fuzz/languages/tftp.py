"""TFTP: requests, and what is none."""

from __future__ import annotations

from random import Random
from typing import Final

from ctcore.testing.packets import UDP
from ctcore.verify.fuzz.languages import Ends, Language


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    operation = rng.choice((1, 1, 2, 2, 3, 4, 5, 0, 0x0101, 0x100))
    rest = rng.choice((b"name\0octet\0", b"", b"\0\1", rng.randbytes(4)))
    return int(rng.random() < 0.3), operation.to_bytes(2, "big") + rest


LANGUAGE: Final = Language("tftp", UDP, 69, UDP, _say)
