"""The GRE headers: the plain one (RFC 2784), and the enhanced one that PPTP uses (RFC 2637)."""

from __future__ import annotations

from typing import Final

from construct import Computed, Int16ub, Struct, this

from ctcore.headers import Header

GRE: Final = Header(
    Struct(
        "flags_version" / Int16ub,
        "version" / Computed(this.flags_version & 7),
        "protocol" / Int16ub,  # an EtherType
    )
)
ENHANCED: Final = Header(
    Struct(
        "flags_version" / Int16ub,
        "version" / Computed(this.flags_version & 7),
        "protocol" / Int16ub,
        "payload_len" / Int16ub,  # bytes after the header
        "call_id" / Int16ub,  # the receiver's
    )
)

GRE_VERSION: Final = 0x0007  # of flags_version
GRE_VERSION_PPTP: Final = 1
GRE_PROTO_PPP: Final = 0x880B
