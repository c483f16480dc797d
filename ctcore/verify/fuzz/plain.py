"""Steps that make a packet plainer, for the shrinker: each returns the packet changed, checksums made right."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final

from ctcore.testing.packets import TCP, UDP, checksum
from ctcore.verify.fuzz import ip6
from ctcore.verify.fuzz.extensions import KINDS, NO_NEXT

Step = Callable[[bytes], bytes]

SCTP: Final = 132

_SUMS: Final = {TCP: 16, UDP: 6}


def plainer(packet: bytes) -> Iterator[Step]:
    """The steps to try on a packet, one after the other. One that does not apply returns it as it is."""
    if len(packet) >= ip6.HEADER and packet[0] >> 4 == 6:
        yield from _plainer6(packet)
        return
    yield _without_ip_options
    for at, value in ((1, b"\0"), (4, b"\0\0"), (8, b"\x40")):
        yield _set(at, value)
    if packet[9] == TCP:
        yield _without_data
        yield _without_tcp_options
        for at, value in ((14, b"\xff\xff"), (18, b"\0\0"), (8, b"\0\0\0\0"), (4, b"\0\0\0\0")):
            yield _set_transport(at, value)
    for _ in range(4):
        yield _half_the_data


def _plainer6(packet: bytes) -> Iterator[Step]:
    """The same for IPv6: without extension headers, or with fewer; a plain header; less data."""
    yield _of_ipv6(lambda sound: sound[:6] + bytes((ip6.walk(sound)[2],)) + sound[7:40] + sound[ip6.walk(sound)[1] :])
    yield _of_ipv6(_without_first_extension)
    yield _of_ipv6(_without_first_extension)
    yield _of_ipv6(lambda sound: b"\x60\0\0\0" + sound[4:7] + b"\x40" + sound[8:])
    for _ in range(4):
        yield _of_ipv6(lambda sound: sound[: max(ip6.walk(sound)[1] + 8, (len(sound) + ip6.HEADER) // 2)])


def _of_ipv6(change: Step) -> Step:
    """A change of a packet whose lengths and checksum are right, and stay so; of any other one none."""

    def step(packet: bytes) -> bytes:
        return _mended6(change(packet)) if _mended6(packet) == packet else packet

    return step


def _mended6(packet: bytes) -> bytes:
    _, at, number = ip6.walk(packet)
    if number == UDP and at + 8 <= len(packet):
        packet = packet[: at + 4] + struct.pack(">H", len(packet) - at) + packet[at + 6 :]
    return ip6.summed(ip6.mended(packet))


def _without_first_extension(packet: bytes) -> bytes:
    at, number = ip6.HEADER, packet[ip6.NEXT]
    if number not in KINDS or number == NO_NEXT or at + 8 > len(packet):
        return packet
    rest = packet[at + ip6.size(packet, at, number) :]
    return packet[: ip6.NEXT] + packet[at : at + 1] + packet[ip6.NEXT + 1 : at] + rest


def mended(packet: bytes) -> bytes:
    """The packet with right lengths and checksums, as far as they can be told."""
    header = (packet[0] & 15) * 4
    if header < 20 or len(packet) < header:
        return packet
    whole = bytearray(packet)
    struct.pack_into(">H", whole, 2, len(whole))
    struct.pack_into(">H", whole, 10, 0)
    struct.pack_into(">H", whole, 10, checksum(whole[:header]))
    at = _SUMS.get(whole[9])
    if whole[9] == UDP and len(whole) >= header + 8:
        struct.pack_into(">H", whole, header + 4, len(whole) - header)
    if at is not None and len(whole) >= header + at + 2 and not whole[6] & 0x3F and not whole[7]:
        struct.pack_into(">H", whole, header + at, 0)
        pseudo = bytes(whole[12:20]) + struct.pack(">HH", whole[9], len(whole) - header)
        struct.pack_into(">H", whole, header + at, checksum(pseudo, whole[header:]))
    if whole[9] == SCTP and not whole[6] & 0x3F and not whole[7]:
        whole[header:] = _with_crc(bytes(whole[header:]))
    return bytes(whole)


def _with_crc(segment: bytes) -> bytes:
    """Imported when it is wanted: packets of SCTP need the library that the plugin for SCTP brings."""
    from ctcore.testing.sctp import with_crc

    return with_crc(segment)


def _sound(packet: bytes) -> bool:
    """Whether length and checksums are right, so that mending after a change hides no fault."""
    return len(packet) >= 20 and packet[0] >> 4 == 4 and mended(packet) == packet


def _set(at: int, value: bytes) -> Step:
    def step(packet: bytes) -> bytes:
        return mended(packet[:at] + value + packet[at + len(value) :]) if _sound(packet) else packet

    return step


def _set_transport(at: int, value: bytes) -> Step:
    def step(packet: bytes) -> bytes:
        start = (packet[0] & 15) * 4 + at
        if not _sound(packet) or len(packet) < start + len(value):
            return packet
        return mended(packet[:start] + value + packet[start + len(value) :])

    return step


def _without_ip_options(packet: bytes) -> bytes:
    if not _sound(packet):
        return packet
    return mended(b"\x45" + packet[1:20] + packet[(packet[0] & 15) * 4 :])


def _without_tcp_options(packet: bytes) -> bytes:
    start = (packet[0] & 15) * 4
    if not _sound(packet) or len(packet) < start + 20:
        return packet
    data = start + (packet[start + 12] >> 4) * 4
    if data < start + 20:
        return packet
    return mended(packet[: start + 12] + b"\x50" + packet[start + 13 : start + 20] + packet[data:])


def _without_data(packet: bytes) -> bytes:
    start = (packet[0] & 15) * 4
    if not _sound(packet) or len(packet) < start + 20:
        return packet
    return mended(packet[: start + max(20, (packet[start + 12] >> 4) * 4)])


def _half_the_data(packet: bytes) -> bytes:
    enough = 48 if packet[9] != TCP else 80
    return mended(packet[: (len(packet) + enough) // 2]) if _sound(packet) and len(packet) > enough + 8 else packet
