"""The IPv6 header and the fragment header (RFC 8200)."""

from __future__ import annotations

from typing import Final

from construct import Bytes, Computed, Int8ub, Int16ub, Int32ub, Struct, this

from ctcore.headers import Header

IPV6: Final = Header(
    Struct(
        "first" / Int32ub,
        "version" / Computed(this.first >> 28),
        "traffic_class" / Computed(this.first >> 20 & 0xFF),
        "flow_label" / Computed(this.first & 0xFFFFF),
        "payload_len" / Int16ub,
        "nexthdr" / Int8ub,
        "hop_limit" / Int8ub,
        "saddr" / Bytes(16),
        "daddr" / Bytes(16),
    )
)

FRAGMENT: Final = Header(
    Struct(
        "nexthdr" / Int8ub,
        "reserved" / Int8ub,
        "frag_off" / Int16ub,
        "offset" / Computed(this.frag_off & 0xFFF8),  # bytes
        "more" / Computed(this.frag_off & 1),
        "identification" / Int32ub,
    )
)

IP6_MF: Final = 0x0001
IP6_OFFSET: Final = 0xFFF8
