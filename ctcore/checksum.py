"""The Internet checksum (RFC 1071).

A sum of 16-bit words with end-around carry is the same, modulo 65535, as the bytes read as one large number: the sum is
right (all ones) where that number is a multiple of 65535 but not zero.
"""

from __future__ import annotations

_number = int.from_bytes


def is_right(data: bytes, pseudo: int = 0) -> bool:
    """Whether the words of ``data`` (an odd byte is padded with zero) and ``pseudo`` sum up to all ones."""
    total = _number(data, "big")
    if len(data) & 1:
        total <<= 8
    total += pseudo
    return total != 0 and total % 0xFFFF == 0


def fill(data: bytes, pseudo: int = 0) -> int:
    """The checksum that makes ``data``, with zero in the checksum's own place, right."""
    total = _number(data, "big")
    if len(data) & 1:
        total <<= 8
    return -(total + pseudo) % 0xFFFF
