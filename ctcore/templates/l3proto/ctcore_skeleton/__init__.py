"""SKELETON for ctcore: a network layer protocol with addresses of four bytes, printed as hexadecimal numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from construct import Bytes, Int8ub, Int16ub, Struct
from ctcore import Fields, Header, Hook, HookOps, Net, Packet, Priority, Verdict, l3proto
from ctcore.netlink import attr

AF_SKELETON: Final = 200  # no address family of Linux has this number
ETHERTYPE: Final = 0x88B5  # for local experiments (IEEE 802)

HEADER: Final = Header(
    Struct(
        "source" / Bytes(4),
        "dest" / Bytes(4),
        "length" / Int16ub,  # bytes, of header and data
        "protocol" / Int8ub,  # the IP protocol number of what it carries
        "hops" / Int8ub,  # how many more routers it may pass
    )
)
SIZE: Final = 4  # bytes of an address
CTA_SOURCE, CTA_DEST = 1, 2

_read = HEADER.reader("length", "protocol", "hops")


class Skeleton:
    """The l3proto vtable."""

    name = "skeleton"
    l3num = AF_SKELETON
    ethertype = ETHERTYPE

    @l3proto
    def rcv(self, pkt: Packet) -> int:
        """The packet has to be whole, or to have been when it was captured."""
        there = pkt.avail - pkt.nhoff
        if there < HEADER.size:
            return self._drop(pkt, "the header is not whole")
        length, protocol, _ = _read(pkt.buf, pkt.nhoff)
        if length < HEADER.size or (length > there and not pkt.is_cut()):
            return self._drop(pkt, f"it has {there} bytes and says {length}")
        pkt.end = pkt.nhoff + length
        pkt.avail = min(pkt.avail, pkt.end)
        pkt.dataoff, pkt.protonum = pkt.nhoff + HEADER.size, protocol
        return Verdict.ACCEPT

    @staticmethod
    def _drop(pkt: Packet, reason: str) -> int:
        pkt.note(reason)
        return Verdict.DROP

    @l3proto
    def pkt_to_tuple(self, pkt: Packet, nhoff: int) -> bytes | None:
        """Source and destination, as they stand."""
        return pkt.buf[nhoff : nhoff + 2 * SIZE] if pkt.avail - nhoff >= HEADER.size else None

    @l3proto
    def invert_tuple(self, addrs: bytes) -> bytes:
        """The addresses change places."""
        return addrs[SIZE:] + addrs[:SIZE]

    @l3proto
    def get_l4proto(self, pkt: Packet, nhoff: int) -> tuple[int, int] | None:
        """What comes behind the header."""
        if pkt.avail - nhoff < HEADER.size:
            return None
        _, protocol, _ = _read(pkt.buf, nhoff)
        return nhoff + HEADER.size, protocol

    @l3proto
    def route(self, pkt: Packet) -> int:
        """In, where it is addressed to the host; else on, as long as it may pass another router."""
        dest = pkt.buf[pkt.nhoff + SIZE : pkt.nhoff + 2 * SIZE]
        if pkt.l3.is_local(dest):
            return Hook.LOCAL_IN
        _, _, hops = _read(pkt.buf, pkt.nhoff)
        if not hops:
            pkt.note("it may pass no more routers")
            return -1
        return Hook.FORWARD

    @l3proto
    def print_tuple(self, addrs: bytes) -> Fields:
        """``src`` and ``dst``."""
        return (("src", addrs[:SIZE].hex()), ("dst", addrs[SIZE:].hex()))

    @l3proto
    def parse_network(self, text: str) -> tuple[bytes, bytes] | None:
        """Eight hexadecimal digits, and the number of bits that count where not all do."""
        digits, slash, length = text.partition("/")
        try:
            address, bits = bytes.fromhex(digits), int(length) if slash else 8 * SIZE
        except ValueError:
            return None
        if len(address) != SIZE or not 0 <= bits <= 8 * SIZE:
            return None
        return address, ((1 << 8 * SIZE) - (1 << 8 * SIZE - bits)).to_bytes(SIZE, "big")

    @l3proto
    def tuple_to_nlattr(self, addrs: bytes) -> bytes:
        """Source and destination."""
        return attr(CTA_SOURCE, addrs[:SIZE]) + attr(CTA_DEST, addrs[SIZE:])

    @l3proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """Source and destination, where both are there."""
        addrs = attrs.get(CTA_SOURCE, b"") + attrs.get(CTA_DEST, b"")
        return addrs if len(addrs) == 2 * SIZE else None

    @l3proto
    def hook_ops(self, net: Net) -> Sequence[HookOps]:
        """Conntrack on the way in, whoever sends, and confirm on the way out."""
        conntrack_in, confirm = net.conntrack_in, net.confirm
        return (
            HookOps(Hook.PRE_ROUTING, Priority.CONNTRACK, conntrack_in),
            HookOps(Hook.LOCAL_OUT, Priority.CONNTRACK, conntrack_in),
            HookOps(Hook.POST_ROUTING, Priority.CONNTRACK_CONFIRM, confirm),
            HookOps(Hook.LOCAL_IN, Priority.CONNTRACK_CONFIRM, confirm),
        )
