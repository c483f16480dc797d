"""Where and why a capture file cannot be read (on), each as one sentence for a person.

libpcap says why, but not where. So once it has refused to go on, the file's own framing is walked here:
record by record for pcap, block by block for pcapng, up to the first that is not whole or cannot be.
"""

from __future__ import annotations

import os
import shlex
import struct
from typing import BinaryIO

from ctcore.errors import CaptureError

RECORD_MAX = 262_144
"""The longest packet, in bytes, that libpcap takes from a pcap file of any link type that ctcore reads."""

BLOCK_MAX = 16 * 1024 * 1024
"""The longest pcapng block, in bytes, that libpcap takes."""

INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 1, 2, 3, 6
"""The pcapng blocks that matter here, apart from the section header (the pcapng draft, section 4)."""

SECTION = b"\x0a\x0d\x0d\x0a"
"""The type of a section header, the same in either byte order."""

_RECORD_HEADERS = {
    0xA1B2C3D4: 16,  # microseconds
    0xA1B23C4D: 16,  # nanoseconds
    0xA1B2CD34: 24,  # a patched libpcap of the 1990s, with the interface in each record
}

_PACKERS = {
    b"\x1f\x8b": ("gzip", "zcat"),
    b"\xfd7zXZ\x00": ("xz", "xzcat"),
    b"BZh": ("bzip2", "bzcat"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstdcat"),
    b"\x04\x22\x4d\x18": ("lz4", "lz4cat"),
}


def check_start(name: str, path: str, head: bytes) -> None:
    """Raise CaptureError if the file ``path`` is empty or packed, going by ``head``, its first bytes."""
    if not head:
        raise CaptureError(f"{name}: the file is empty, reading stopped at byte 0")
    for magic, (packer, unpack) in _PACKERS.items():
        if head.startswith(magic):
            command = f"{unpack} {shlex.quote(path)} | ctcore ... -"
            raise CaptureError(f"{name}: packed with {packer}, which libpcap cannot read: use `{command}`")


def in_file(name: str, path: str, size: int, reason: str) -> CaptureError:
    """The error for a regular file that libpcap stopped reading for ``reason``; finds the offset in it."""
    try:
        with open(path, "rb") as file:
            offset = stopping_offset(file)
    except OSError as error:
        return CaptureError(f"{name}: cannot be read any more: {error.strerror}")
    if not offset:
        return _foreign(name, reason)
    where = f"at byte {offset}" if offset < size else f"at or before byte {size}"
    return CaptureError(f"{name}: reading stopped {where} of {size}: {reason}")


def in_stream(name: str, consumed: int, reason: str) -> CaptureError:
    """The error for a pipe; ``consumed`` are the bytes that its packets took, at the least."""
    if consumed:
        return CaptureError(f"{name}: reading stopped at or after byte {consumed}: {reason}")
    if reason.startswith(f"{name}: "):  # the system would not open it, and libpcap puts the name in front
        return CaptureError(f"{name}: cannot be opened: {reason[len(name) + 2 :]}")
    if reason.endswith("only got 0"):
        return CaptureError(f"{name}: nothing came, reading stopped at byte 0")
    return _foreign(name, reason)


def _foreign(name: str, reason: str) -> CaptureError:
    what = "no pcap or pcapng capture, or a packed one"
    return CaptureError(f"{name}: {what}, reading stopped at byte 0: {reason}")


def stopping_offset(file: BinaryIO) -> int:
    """The offset in bytes of the first record or block of ``file``, open at its start, that cannot be read.

    0 where the file is no capture at all; its length where nothing is wrong that shows in the framing.
    """
    head = file.read(24)
    size = file.seek(0, os.SEEK_END)
    for order in "<>":
        magic = struct.unpack(order + "I", head[:4].ljust(4, b"\0"))[0]
        if magic in _RECORD_HEADERS and len(head) == 24:
            return _walk_records(file, size, order, _RECORD_HEADERS[magic])
    return _walk_blocks(file, size) if head.startswith(SECTION) else 0


def _walk_records(file: BinaryIO, size: int, order: str, header_size: int) -> int:
    offset = 24
    caplen_of = struct.Struct(order + "8xI").unpack_from
    while offset + header_size <= size:
        file.seek(offset)
        caplen: int = caplen_of(file.read(header_size))[0]
        if caplen > RECORD_MAX or offset + header_size + caplen > size:
            return offset
        offset += header_size + caplen
    return offset


def _walk_blocks(file: BinaryIO, size: int) -> int:
    offset, blocks = 0, _Blocks()
    while offset < size:
        file.seek(offset)
        head = file.read(28)
        length = blocks.length(head)
        if not length or offset + length > size:
            return offset
        file.seek(offset + length - 4)
        if file.read(4) != head[4:8] or not blocks.takes(head, length):
            return offset
        offset += length
    return offset


class _Blocks:
    """What the blocks of a pcapng file so far say about the next one."""

    def __init__(self) -> None:
        self.order = ""
        self.interfaces = 0
        self.first_interface = b""

    def length(self, head: bytes) -> int:
        """Bytes of the block that begins with ``head``, 0 where that cannot be."""
        if head.startswith(SECTION):
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(head[8:12], "")
            if self.order not in ("", order):  # libpcap reads files of one byte order only
                return 0
            self.order, self.interfaces = order, 0
        if not self.order or len(head) < 12:
            return 0
        length: int = struct.unpack_from(self.order + "I", head, 4)[0]
        return length if 12 <= length <= BLOCK_MAX and length % 4 == 0 else 0

    def takes(self, head: bytes, length: int) -> bool:
        """Whether the block agrees with the interfaces that were declared; counts it if it declares one."""
        kind: int = struct.unpack_from(self.order + "I", head)[0]
        if kind == INTERFACE:
            # libpcap wants one link type and one snapshot length in the whole file
            self.interfaces += 1
            self.first_interface = self.first_interface or head[8:16]
            return length >= 20 and head[8:16] == self.first_interface
        if kind == SIMPLE_PACKET:
            return self.interfaces > 0 and self._simple_fits(head, length)
        if kind in (PACKET, OLD_PACKET):
            return length >= 32 and self._fits(head, length, "I" if kind == PACKET else "H")
        return True

    def _fits(self, head: bytes, length: int, interface_format: str) -> bool:
        interface: int = struct.unpack_from(self.order + interface_format, head, 8)[0]
        caplen: int = struct.unpack_from(self.order + "I", head, 20)[0]
        return interface < self.interfaces and caplen <= length - 32

    def _simple_fits(self, head: bytes, length: int) -> bool:
        snaplen: int = struct.unpack_from(self.order + "I", self.first_interface, 4)[0]
        wire: int = struct.unpack_from(self.order + "I", head, 8)[0]
        return length >= 16 and min(wire, snaplen or wire) <= length - 16
