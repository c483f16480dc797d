"""Netlink attributes, as bytes: what the formats and the plugins' to_nlattr hooks are made of.

Lengths and attribute numbers are in the machine's own byte order, as on a netlink socket; values are in network order.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

NLA_F_NESTED: Final = 0x8000
NLA_TYPE_MASK: Final = 0x3FFF
_HEADER: Final = struct.Struct("=HH")


def attr(number: int, payload: bytes, nested: bool = False) -> bytes:
    """One attribute, padded to four bytes."""
    head = _HEADER.pack(_HEADER.size + len(payload), number | (NLA_F_NESTED if nested else 0))
    return head + payload + bytes(-len(payload) % 4)


def be16(value: int) -> bytes:
    """16 bits in network order."""
    return value.to_bytes(2, "big")


def be32(value: int) -> bytes:
    """32 bits in network order."""
    return (value & 0xFFFFFFFF).to_bytes(4, "big")


def be64(value: int) -> bytes:
    """64 bits in network order."""
    return value.to_bytes(8, "big")


def parse(data: bytes) -> Mapping[int, bytes]:
    """The attributes of a nest by number, payloads as they are; what comes after a malformed one is left out."""
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, number = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or offset + length > len(data):
            break
        found.setdefault(number & NLA_TYPE_MASK, data[offset + _HEADER.size : offset + length])
        offset += length + 3 & ~3
    return found
