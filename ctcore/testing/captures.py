"""Captures to write: packets with their times, as a pcap file that ctcore, tcpdump and others read."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import BinaryIO, Final

MAGIC: Final = 0xA1B2C3D4
LINKTYPE_RAW: Final = 101  # IPv4 or IPv6 packets, with nothing before them
SNAPLEN: Final = 65535


def write_pcap(file: BinaryIO, packets: Iterable[tuple[int, bytes]], linktype: int = LINKTYPE_RAW) -> None:
    """Write a pcap file: ``packets`` are (time in nanoseconds, bytes), of which whole microseconds are kept."""
    file.write(struct.pack("=IHHiIII", MAGIC, 2, 4, 0, 0, SNAPLEN, linktype))
    for now, packet in packets:
        seconds, rest = divmod(now, 1_000_000_000)
        file.write(struct.pack("=IIII", seconds, rest // 1000, len(packet), len(packet)) + packet)
