"""What the generators have to know of an address family: one subclass for IPv4, one for IPv6."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random

from ctcore.testing.packets import Transports


class Family(ABC):
    """An address family: who talks in it, and what may happen to the headers of its packets.

    ``hosts``    four addresses, and ``stranger`` is a router's that is none of them
    ``header``   bytes of the shortest header; its last ``2 * width`` are the two addresses
    ``numbers``  transport protocols without a tracker
    ``queries``, ``answers``, ``errors``, ``other_types``  of its ICMP
    """

    ethertype: int
    hosts: tuple[str, str, str, str]
    stranger: str
    header: int
    width: int
    numbers: tuple[int, ...]
    queries: tuple[int, ...]
    answers: tuple[int, ...]
    errors: tuple[int, ...]
    other_types: tuple[int, ...]

    @abstractmethod
    def between(self, source: str, destination: str) -> Transports:
        """Packets from one address to another."""

    @abstractmethod
    def addresses(self, packet: bytes) -> tuple[str, str]:
        """Source and destination of a packet, as text; of one without header those of all zeros."""

    @abstractmethod
    def header_length(self, packet: bytes) -> int:
        """Bytes before the transport part, as the packet itself has it."""

    @abstractmethod
    def mended(self, packet: bytes, *, total: int | None = None) -> bytes:
        """The packet with the right length (or ``total``, of the whole packet) in its header, checksums included."""

    @abstractmethod
    def with_options(self, rng: Random, packet: bytes) -> bytes:
        """The packet with other options in its header, right ones and wrong ones."""

    @abstractmethod
    def with_other_length(self, rng: Random, packet: bytes) -> bytes:
        """The packet with a header that says another length, of itself or of the packet."""

    @abstractmethod
    def as_fragment(self, rng: Random, packet: bytes) -> bytes:
        """The packet as if it were a fragment: the first or a later one."""

    @abstractmethod
    def disturbed(self, rng: Random, packet: bytes) -> bytes:
        """The packet with something odd about its header."""

    @abstractmethod
    def piece(self, header: bytes, ident: int, start: int, data: bytes, more: bool) -> bytes:
        """A fragment with this header (``header_length`` bytes of a packet) and ``data`` from ``start`` on."""

    @abstractmethod
    def moved(self, piece: bytes, words: int) -> bytes:
        """A fragment that begins so many words of 8 bytes later."""

    @abstractmethod
    def marked(self, rng: Random, piece: bytes) -> bytes:
        """A fragment that says that more come, or that none do; or with another mark in its header."""

    @abstractmethod
    def inside(self, piece: bytes, words: int, data: bytes) -> bytes:
        """A fragment of the same datagram that begins so many words behind another one's beginning."""

    def prepared(self, rng: Random, packet: bytes) -> bytes:
        """A packet as it is before it is taken to pieces."""
        return packet

    def redirected(self, rng: Random, error: bytes, quoted: bytes) -> bytes:
        """An error about a packet, or instead of it what else may quote one."""
        return error
