"""The little of netlink that the comparison needs, fast: one socket class and attributes in and out.

pyroute2's sockets decode every attribute of every message into objects; here a packet costs three messages,
so that attributes stay bytes until somebody asks for them.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ctcore.errors import CtcoreError

NETLINK_NETFILTER: Final = 12
REQUEST: Final = 0x1
ACK: Final = 0x4
DUMP: Final = 0x300
EXCL_CREATE: Final = 0x600

_ERROR: Final = 2
_DONE: Final = 3
_SO_RCVBUFFORCE: Final = 33
_RCVBUF: Final = 64 << 20
_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")
_NESTED: Final = 0x8000

Attributes = dict[int, bytes]


@dataclass(slots=True)
class Message:
    """One netfilter message: its type (subsystem << 8 | message), flags, address family, resource id and
    attributes."""

    kind: int
    flags: int
    family: int
    resource: int
    attributes: Attributes


def attributes(data: bytes) -> Attributes:
    """The attributes in ``data`` by their number, without the flag bits; a nested one stays bytes for another
    call."""
    found: Attributes = {}
    at, end = 0, len(data) - 3
    while at < end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def nest(kind: int, *inner: bytes) -> bytes:
    """One attribute that holds others."""
    return attribute(kind | _NESTED, b"".join(inner))


class Netfilter:
    """A netfilter netlink socket in the network namespace of the thread that makes it, listening to
    ``groups``.

    ``groups`` are multicast group numbers. Raises CtcoreError where the kernel has no netfilter netlink.
    """

    def __init__(self, *groups: int) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        except OSError as error:
            raise CtcoreError(f"this kernel lacks nfnetlink: {error.strerror}") from None
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RCVBUF)
        self._socket.bind((0, sum(1 << group - 1 for group in groups)))
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._buffer = bytearray(1 << 16)
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def request(
        self, kind: int, payload: bytes = b"", *, flags: int = 0, family: int = 0, resource: int = 0
    ) -> list[Message]:
        """Send one request and return the messages that answer it. Raises OSError with the kernel's own code.

        The kernel answers a netlink request before ``send`` returns, so that there is always something to
        receive.
        """
        self._sequence += 1
        size = _HEADER.size + 4 + len(payload)
        header = _HEADER.pack(size, kind, REQUEST | flags, self._sequence, 0)
        self._socket.send(header + struct.pack("!BBH", family, 0, resource) + payload)
        answers: list[Message] = []
        while True:
            for code, sequence, message in self._receive(0):
                if sequence != self._sequence:
                    continue
                if message is not None:
                    answers.append(message)
                elif code:
                    raise OSError(-code, os.strerror(-code))
                else:
                    return answers
            if answers and not flags & (DUMP | ACK):
                return answers

    def heard(self, timeout: float = 0.0) -> Iterator[Message]:
        """The messages that have come unasked, waiting at most ``timeout`` seconds for the first one.

        Raises CtcoreError where some were lost, for then the account of what happened would have a hole.
        """
        if timeout:
            self._poll.poll(timeout * 1000)
        while True:
            try:
                received = self._receive(socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    raise CtcoreError("the kernel reported more than was read in time") from None
                raise
            yield from (message for _, _, message in received if message is not None)

    def _receive(self, flags: int) -> list[tuple[int, int, Message | None]]:
        """What one read brings, as (error code, sequence number, message, or None where it ends an
        answer)."""
        size = self._socket.recv_into(self._buffer, 0, flags)
        data = bytes(memoryview(self._buffer)[:size])
        found: list[tuple[int, int, Message | None]] = []
        at = 0
        while at + _HEADER.size <= size:
            length, kind, header_flags, sequence, _ = _HEADER.unpack_from(data, at)
            body = at + _HEADER.size
            if kind in (_ERROR, _DONE):
                code = struct.unpack_from("=i", data, body)[0] if length >= _HEADER.size + 4 else 0
                found.append((code, sequence, None))
            else:
                resource = data[body + 2] << 8 | data[body + 3]
                inner = attributes(data[body + 4 : at + length])
                found.append((0, sequence, Message(kind, header_flags, data[body], resource, inner)))
            at += (length + 3) & ~3
        return found
