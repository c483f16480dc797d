"""A flow's key, one per direction, and its packed form.

On the packet path a tuple is bytes: ``addresses + src.u + dst.u + l3num + l4num``, network order throughout, so that
equality and hash are those of the bytes. ``src.u`` and ``dst.u`` are 16 bits each: ports, or what a protocol has in
their place (an ICMP identifier; type and code). The direction is never part of the comparison.
"""

from __future__ import annotations

from typing import Final, NamedTuple

U_LEN: Final = 4  # bytes of src.u and dst.u together
SUFFIX_LEN: Final = 2  # bytes of l3num and l4num together


class Tuple(NamedTuple):
    """One direction of a flow, taken apart; hashable and equal by value.

    ``src`` and ``dst`` are addresses in network order, ``src_u`` and ``dst_u`` the transport parts as they stand in
    the packet (two bytes each), ``l3num`` an address family number, ``l4num`` an IP protocol number.
    """

    src: bytes
    dst: bytes
    src_u: bytes
    dst_u: bytes
    l3num: int
    l4num: int

    @classmethod
    def unpack(cls, packed: bytes) -> Tuple:
        """Take a packed tuple apart."""
        addrs, u, suffix = packed[: -U_LEN - SUFFIX_LEN], transport_part(packed), packed[-SUFFIX_LEN:]
        half = len(addrs) // 2
        return cls(addrs[:half], addrs[half:], u[:2], u[2:], suffix[0], suffix[1])

    def pack(self) -> bytes:
        """The packed form: what the hash table is keyed by."""
        return self.src + self.dst + self.src_u + self.dst_u + bytes((self.l3num, self.l4num))


def address_part(packed: bytes) -> bytes:
    """Source and destination address of a packed tuple, one after the other."""
    return packed[: -U_LEN - SUFFIX_LEN]


def source_address(packed: bytes) -> bytes:
    """The source address of a packed tuple."""
    return packed[: len(packed) - U_LEN - SUFFIX_LEN >> 1]


def transport_part(packed: bytes) -> bytes:
    """The four bytes src.u and dst.u of a packed tuple."""
    return packed[-U_LEN - SUFFIX_LEN : -SUFFIX_LEN]
