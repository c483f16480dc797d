"""The IPv4 header (RFC 791)."""

from __future__ import annotations

from typing import Final

from construct import Bytes, Computed, Int8ub, Int16ub, Struct, this

from ctcore.headers import Header

IPV4: Final = Header(
    Struct(
        "version_ihl" / Int8ub,
        "version" / Computed(this.version_ihl >> 4),
        "ihl" / Computed((this.version_ihl & 15) * 4),  # bytes
        "tos" / Int8ub,
        "tot_len" / Int16ub,
        "id" / Int16ub,
        "frag_off" / Int16ub,
        "df" / Computed(this.frag_off >> 14 & 1),
        "mf" / Computed(this.frag_off >> 13 & 1),
        "offset" / Computed((this.frag_off & 0x1FFF) * 8),  # bytes
        "ttl" / Int8ub,
        "protocol" / Int8ub,
        "check" / Int16ub,
        "saddr" / Bytes(4),
        "daddr" / Bytes(4),
    )
)

IP_DF: Final = 0x4000
IP_MF: Final = 0x2000
IP_OFFSET: Final = 0x1FFF
