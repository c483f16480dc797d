"""What the scanners of helpers have in common: numbers in text, however long, read as the kernel reads them."""

from __future__ import annotations

import re
from typing import Final

DIGITS: Final = re.compile(rb"[0-9]*")
MOST_BITS: Final = 64


def decimal(data: bytes, at: int, end: int, bits: int = 32) -> tuple[int, int]:
    """The decimal number at ``at``, modulo ``2**bits`` (64 at most), and the place after its last digit.

    Nothing beyond ``end`` is read. Where there is no digit the number is 0 and the place is ``at``.
    """
    found = DIGITS.match(data, at, end)
    if found is None or found.end() <= at:
        return 0, at
    # 10**64 is a multiple of 2**64: no digit before the last 64 matters.
    return int(data[max(at, found.end() - MOST_BITS) : found.end()]) & (1 << bits) - 1, found.end()
