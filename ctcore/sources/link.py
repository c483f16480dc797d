"""The link layer: where in a frame the network packet starts, and what kind of packet it is.

Each function here takes ``(buf, offset, end)``: a buffer that holds many frames, and the half-open range of
one of them. It returns ``l3offset << 16 | ethertype``, or 0 where the frame carries no network packet. No
ethertype is 0, so the answers cannot be mistaken for each other. The bytes may be anything: nothing is
raised, and nothing at or beyond ``end`` is looked at. A header that is whole but has nothing behind it
yields ``l3offset == end``: that the packet is too short is for the network layer to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ctcore.errors import CaptureError

Decap: TypeAlias = Callable[[bytes, int, int], int]

IPV4 = 0x0800
IPV6 = 0x86DD
FIRST_ETHERTYPE = 0x0600
"""Below this, the type field of IEEE 802.3 is a length, and in a cooked header a marker of Linux's own."""

TAGS = frozenset((0x8100, 0x88A8, 0x9100))
"""VLAN tags: 802.1Q, 802.1ad, and the number that stacked tags had before 802.1ad."""

SNAP = b"\xaa\xaa\x03\x00\x00\x00"
"""LLC to the SNAP service, unnumbered information, OUI 0: an ethertype follows (RFC 1042)."""


def ethernet(buf: bytes, offset: int, end: int) -> int:
    """Ethernet II, IEEE 802.3 with LLC/SNAP, and any number of VLAN tags; addresses are not looked at."""
    if end - offset < 14:
        return 0
    if buf[offset + 12] == 0x08 and not buf[offset + 13]:  # spelled out, for this is the path of every packet
        return (offset << 16) + (14 << 16 | 0x0800)
    return _unwrap(buf, offset + 14, end, buf[offset + 12] << 8 | buf[offset + 13])


def raw_ip(buf: bytes, offset: int, end: int) -> int:
    """No link layer: the version nibble of the packet itself tells IPv4 from IPv6."""
    if offset >= end:
        return 0
    version = buf[offset] >> 4
    if version == 4:
        return offset << 16 | IPV4
    return offset << 16 | IPV6 if version == 6 else 0


def cooked_v1(buf: bytes, offset: int, end: int) -> int:
    """Linux cooked capture v1: 16 bytes, the last two the ethertype; VLAN tags and LLC may follow."""
    l3 = offset + 16
    if l3 > end:
        return 0
    return _unwrap(buf, l3, end, buf[offset + 14] << 8 | buf[offset + 15])


def cooked_v2(buf: bytes, offset: int, end: int) -> int:
    """Linux cooked capture v2: 20 bytes, the first two the ethertype; VLAN tags and LLC may follow."""
    l3 = offset + 20
    if l3 > end:
        return 0
    return _unwrap(buf, l3, end, buf[offset] << 8 | buf[offset + 1])


def bsd_loopback(buf: bytes, offset: int, end: int) -> int:
    """BSD null and loop: 4 bytes of address family, in the order of the recording host or of the network."""
    l3 = offset + 4
    if l3 > end:
        return 0
    ethertype = _FAMILIES.get(buf[offset:l3], 0)
    return l3 << 16 | ethertype if ethertype else 0


def _unwrap(buf: bytes, l3: int, end: int, ethertype: int) -> int:
    """Step over the tags and LLC/SNAP headers that start at ``l3``; ``ethertype`` is what announced them."""
    while True:
        if ethertype in TAGS:
            if l3 + 4 > end:
                return 0
            ethertype = buf[l3 + 2] << 8 | buf[l3 + 3]
            l3 += 4
        elif ethertype >= FIRST_ETHERTYPE:
            return l3 << 16 | ethertype
        else:
            if l3 + 8 > end or buf[l3 : l3 + 6] != SNAP:
                return 0
            ethertype = buf[l3 + 6] << 8 | buf[l3 + 7]
            l3 += 8


def _both_orders(family: int, ethertype: int) -> dict[bytes, int]:
    return {family.to_bytes(4, "little"): ethertype, family.to_bytes(4, "big"): ethertype}


_FAMILIES: dict[bytes, int] = {
    **_both_orders(2, IPV4),  # AF_INET is 2 everywhere
    **_both_orders(10, IPV6),  # AF_INET6 of Linux
    **_both_orders(24, IPV6),  # ... of NetBSD and OpenBSD
    **_both_orders(28, IPV6),  # ... of FreeBSD
    **_both_orders(30, IPV6),  # ... of macOS
}

LINK_TYPES: dict[int, Decap] = {
    0: bsd_loopback,  # NULL: loopback interfaces of the BSDs and macOS
    1: ethernet,  # EN10MB: nearly every capture
    12: raw_ip,  # RAW: tunnels; libpcap turns a file's 101 into it
    14: raw_ip,  # RAW as OpenBSD numbers it
    101: raw_ip,  # LINKTYPE_RAW, where a libpcap leaves the file's number alone
    108: bsd_loopback,  # LOOP: as NULL, the family always in network order
    113: cooked_v1,  # LINUX_SLL: "any" interface of Linux
    228: raw_ip,  # IPV4: promised to be IPv4; a packet that is not is told by its version
    229: raw_ip,  # IPV6: the same for IPv6
    276: cooked_v2,  # LINUX_SLL2: "any" of newer tcpdumps, with the interface's index
}
"""libpcap's number of a link type (DLT) to the function that takes its frames apart."""


def decap_for(linktype: int, name: str) -> Decap:
    """The function for ``linktype``, a DLT number; ``name`` is the capture's, for the message.

    Raises CaptureError, naming the number and libpcap's name of it, where ctcore does not know the link type.
    """
    decap = LINK_TYPES.get(linktype)
    if decap is None:
        called = _libpcap_name(linktype)
        raise CaptureError(f"{name}: link type {linktype} ({called}) is none that ctcore can read")
    return decap


def _libpcap_name(linktype: int) -> str:
    """What libpcap calls a DLT number: pcapy does not hand this on, so the library it loaded is asked."""
    import ctypes  # neither at the top: finding the layer's end needs no libpcap

    import pcapy

    try:
        to_name = ctypes.CDLL(pcapy.__file__).pcap_datalink_val_to_name
    except (OSError, AttributeError):  # linked into pcapy so that its functions are not to be seen
        return "name not known"
    to_name.restype = ctypes.c_char_p
    found: bytes | None = to_name(ctypes.c_int(linktype))
    return found.decode() if found else "no name in libpcap"
