"""The UDP header (RFC 768)."""

from __future__ import annotations

from typing import Final

from construct import Int16ub, Struct

from ctcore.headers import Header

UDP: Final = Header(
    Struct(
        "source" / Int16ub,
        "dest" / Int16ub,
        "len" / Int16ub,  # bytes, of header and data
        "check" / Int16ub,  # 0: none
    )
)
