"""A TCP segment before it is bytes, and the ends that send segments and remember what they sent."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ctcore.testing.packets import TCP_FLAGS, Transports, payload_of, tcp_options, window_scale

FIN, SYN, RST, PSH, ACK, URG = (TCP_FLAGS[letter] for letter in "FSRPAU")
U32: Final = 2**32


@dataclass(slots=True)
class Segment:
    """What an end wants to send. ``flags`` is the flags byte, ``spoil`` is laid over the right checksum, and
    ``offset`` (in words) stands in for the right data offset."""

    end: End
    flags: int
    seq: int
    ack: int
    window: int
    options: bytes = b""
    data: bytes = b""
    offset: int | None = None
    spoil: int = 0

    def packet(self) -> bytes:
        """The segment as a packet."""
        letters = "".join(letter for letter, bit in TCP_FLAGS.items() if self.flags & bit)
        end = self.end
        packet = end.ip.tcp(
            end.port,
            end.peer.port,
            letters,
            self.seq,
            self.ack,
            window=self.window,
            options=tcp_options(self.options),
            data=self.data,
            data_offset=self.offset,
        )
        if not self.spoil:
            return packet
        at = len(packet) - len(payload_of(packet)) + 16
        check = int.from_bytes(packet[at : at + 2], "big") ^ self.spoil
        return packet[:at] + struct.pack(">H", check) + packet[at + 2 :]


class End:
    """One end of a connection. Sequence numbers are modulo 2**32, as the wire has them.

    ``next``    the sequence number that it will send next; ``heard`` what it will acknowledge
    ``window``  the window field that it sends; ``scale`` the shift that it offers, or None
    ``sack``    it permits SACK; ``stamp`` its timestamp clock, or None
    ``edge``    how far it may send: the peer's last acknowledgment and window
    """

    peer: End

    def __init__(self, ip: Transports, port: int) -> None:
        self.ip = ip
        self.port = port
        self.next = self.heard = self.edge = 0
        self.window = 65535
        self.scale: int | None = None
        self.sack = False
        self.stamp: int | None = None

    def begin(self, isn: int, window: int, scale: int | None, sack: bool, stamp: int | None) -> None:
        """Be a new connection's end."""
        self.next = self.edge = isn % U32
        self.heard = 0
        self.window, self.scale, self.sack, self.stamp = window, scale, sack, stamp

    def segment(self, flags: int, data: bytes = b"", options: bytes = b"") -> Segment:
        """The segment that is expected from this end now; afterwards both ends know of it."""
        seq = self.next
        self.next = (seq + len(data) + (flags >> 1 & 1) + (flags & FIN)) % U32
        self.peer.heard = self.next
        ack = self.heard if flags & ACK else 0
        if flags & ACK:
            shift = 0 if flags & SYN or self.scale is None or self.peer.scale is None else min(self.scale, 14)
            self.peer.edge = (ack + (self.window << shift)) % U32
        if not options and not flags & RST:
            options = self.offer() if flags & SYN else self._timestamp()
        return Segment(self, flags, seq, ack, self.window, options, data)

    def offer(self) -> bytes:
        """The options of its SYN."""
        parts = [b"\x02\x04\x05\xb4"]
        if self.sack:
            parts.append(b"\x04\x02")
        if self.stamp is not None:
            parts.append(self._timestamp()[2:])
        if self.scale is not None:
            parts.append(window_scale(self.scale))
        return b"".join(parts)

    def _timestamp(self) -> bytes:
        if self.stamp is None:
            return b""
        self.stamp += 1
        return b"\x01\x01\x08\x0a" + struct.pack(">II", self.stamp % U32, (self.peer.stamp or 0) % U32)
