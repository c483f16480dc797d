"""The UDP-Lite header (RFC 3828)."""

from __future__ import annotations

from typing import Final

from construct import Int16ub, Struct

from ctcore.headers import Header

UDPLITE: Final = Header(
    Struct(
        "source" / Int16ub,
        "dest" / Int16ub,
        "coverage" / Int16ub,  # bytes that the checksum covers, the header among them; 0: all
        "check" / Int16ub,
    )
)
