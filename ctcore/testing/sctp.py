"""SCTP packets (RFC 9260) as bytes, with right lengths and checksums: what an IPv4 or IPv6 packet carries.

Needs google-crc32c, which the plugin for SCTP brings.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google_crc32c import value

from ctcore.testing.packets import IPv4, Transports

HOSTS: Final = IPv4("10.0.1.2", "10.0.2.2")
SCTP: Final = 132

DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR = range(10)
COOKIE_ECHO, COOKIE_ACK, SHUTDOWN_COMPLETE = 10, 11, 14

CHUNK_NAMES: Final = {
    DATA: "DATA",
    INIT: "INIT",
    INIT_ACK: "INIT_ACK",
    SACK: "SACK",
    HEARTBEAT: "HEARTBEAT",
    HEARTBEAT_ACK: "HEARTBEAT_ACK",
    ABORT: "ABORT",
    SHUTDOWN: "SHUTDOWN",
    SHUTDOWN_ACK: "SHUTDOWN_ACK",
    ERROR: "ERROR",
    COOKIE_ECHO: "COOKIE_ECHO",
    COOKIE_ACK: "COOKIE_ACK",
    SHUTDOWN_COMPLETE: "SHUTDOWN_COMPLETE",
}


def sctp(sport: int, dport: int, vtag: int, *chunks: bytes, check: int | None = None) -> bytes:
    """Common header and chunks; ``check`` stands in for the right CRC32c."""
    return with_crc(struct.pack(">HHII", sport, dport, vtag % 2**32, 0) + b"".join(chunks), check)


def with_crc(segment: bytes, check: int | None = None) -> bytes:
    """The segment with the right CRC32c, or with ``check``. One that has no room for it is returned as it is."""
    if len(segment) < 12:
        return segment
    crc = value(segment[:8] + bytes(4) + segment[12:]) if check is None else check
    return segment[:8] + struct.pack("<I", crc) + segment[12:]


def chunk(kind: int, body: bytes = b"", flags: int = 0, length: int | None = None) -> bytes:
    """Any chunk, padded to whole words; ``length`` (bytes) stands in for the right one."""
    size = 4 + len(body) if length is None else length
    return struct.pack(">BBH", kind, flags, size) + body + bytes(-len(body) % 4)


def init(tag: int, kind: int = INIT, more: bytes = b"") -> bytes:
    """An INIT, or an INIT_ACK, that offers a verification tag; ``more`` are its parameters."""
    return chunk(kind, struct.pack(">IIHHI", tag % 2**32, 65536, 10, 10, 1) + more)


def init_ack(tag: int, cookie: bytes = b"cookie..") -> bytes:
    """An INIT_ACK with a state cookie."""
    return init(tag, INIT_ACK, struct.pack(">HH", 7, 4 + len(cookie)) + cookie)


def data(payload: bytes = b"data", tsn: int = 1) -> bytes:
    """A DATA chunk: one whole message."""
    return chunk(DATA, struct.pack(">IHHI", tsn % 2**32, 0, 0, 0) + payload, 3)


def chunks_of(segment: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, flags and value of each chunk of a segment, as far as they can be read."""
    at = 12
    while at + 4 <= len(segment):
        kind, flags, length = struct.unpack_from(">BBH", segment, at)
        yield kind, flags, segment[at + 4 : at + length]
        at += max(4, length + 3 & ~3)


@dataclass(frozen=True, slots=True)
class Association:
    """The packets of an association. Side 0 opens it, side 1 answers.

    ``tags`` are the verification tags that the sides want to find in what they get; ``ports`` are their ports.
    """

    hosts: Transports = HOSTS
    ports: tuple[int, int] = (1000, 2000)
    tags: tuple[int, int] = (0xAAAA, 0xBBBB)

    def send(self, side: int, *chunks: bytes, vtag: int | None = None, check: int | None = None) -> bytes:
        """A packet of a side with the tag that the other one wants, or with ``vtag``."""
        ip = self.hosts.back if side else self.hosts
        tag = self.tags[1 - side] if vtag is None else vtag
        return ip.packet(SCTP, sctp(self.ports[side], self.ports[1 - side], tag, *chunks, check=check))

    def init(self, side: int = 0) -> bytes:
        """INIT: a side offers its tag."""
        return self.send(side, init(self.tags[side]), vtag=0)

    def init_ack(self, side: int = 1) -> bytes:
        """INIT_ACK: a side offers its tag, and a cookie."""
        return self.send(side, init_ack(self.tags[side]))

    def cookie_echo(self, side: int = 0) -> bytes:
        """COOKIE_ECHO: the cookie comes back."""
        return self.send(side, chunk(COOKIE_ECHO, b"cookie.."))

    def cookie_ack(self, side: int = 1) -> bytes:
        """COOKIE_ACK: the association is open."""
        return self.send(side, chunk(COOKIE_ACK))

    def opening(self) -> tuple[bytes, ...]:
        """The four packets that open it."""
        return self.init(), self.init_ack(), self.cookie_echo(), self.cookie_ack()

    def heartbeat(self, side: int = 0) -> bytes:
        """HEARTBEAT: is the path there?"""
        return self.send(side, chunk(HEARTBEAT, bytes(8)))

    def heartbeat_ack(self, side: int = 1) -> bytes:
        """HEARTBEAT_ACK: it is."""
        return self.send(side, chunk(HEARTBEAT_ACK, bytes(8)))

    def closing(self, side: int = 0) -> tuple[bytes, ...]:
        """The three packets with which a side ends it."""
        return (
            self.send(side, chunk(SHUTDOWN, bytes(4))),
            self.send(1 - side, chunk(SHUTDOWN_ACK)),
            self.send(side, chunk(SHUTDOWN_COMPLETE)),
        )
