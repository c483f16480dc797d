"""The ICMPv6 header (RFC 4443)."""

from __future__ import annotations

from typing import Final

from construct import Int8ub, Int16ub, Struct

from ctcore.headers import Header

ICMPV6: Final = Header(
    Struct(
        "type" / Int8ub,
        "code" / Int8ub,
        "checksum" / Int16ub,
        "id" / Int16ub,  # of queries; other types have something else here
        "sequence" / Int16ub,
    )
)
