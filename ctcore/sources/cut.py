"""Which frames the capture itself cut short: libpcap's batches tell how much was kept, not how much there was."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ctcore.sources.capture import Capture

RECORD_SIZE: Final = 16
CAPLEN_AT: Final = 12  # in a record of a batch's index
SNAPLEN_AT: Final = 16  # in the file header of pcap
PCAP_MAGICS: Final = {b"\xa1\xb2\xc3\xd4": ">", b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">", b"\x4d\x3c\xb2\xa1": "<"}


class CutFrames:
    """Asked for a frame of the current batch only where its packet claims to be longer than what was kept.

    A frame that is as long as the capture's snapshot length was cut by it. For any other one of a file the wire length
    is looked up in a second pass, which follows the first no further than it is asked to; a pipe's come with the batch.
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._snaplen: int | None = None
        self._reader: Any = None
        self._index = b""
        self._first = 0
        self._known = bytearray()
        self._known_from = 0

    def begin_batch(self, index: bytes, cut: bytearray | None = None) -> None:
        """The frames that are asked for from now on; ``cut`` has a byte for each where that is known already."""
        self._first += len(self._index) // RECORD_SIZE
        self._index = index
        if cut is not None:
            self._known = cut
            self._known_from = self._first

    def __getitem__(self, frame: int) -> bool:
        """Whether the frame, counted from 0, was cut."""
        if self._known_from <= frame < self._known_from + len(self._known):
            return bool(self._known[frame - self._known_from])
        at = (frame - self._first) * RECORD_SIZE + CAPLEN_AT
        caplen: int = struct.unpack_from("=I", self._index, at)[0]
        if self._snaplen is None:
            self._snaplen = self._read_snaplen()
        return caplen == self._snaplen or self._look_up(frame)

    def _read_snaplen(self) -> int:
        """The snapshot length of a pcap file; 0, which no frame is as long as, for pcapng."""
        with open(self._capture.path, "rb") as file:
            head = file.read(SNAPLEN_AT + 4)
        order = PCAP_MAGICS.get(head[:4])
        return struct.unpack_from(order + "I", head, SNAPLEN_AT)[0] if order else 0

    def _look_up(self, frame: int) -> bool:
        if self._reader is None:
            self._reader = self._capture.reopen()
            self._known, self._known_from = bytearray(), 0
        while len(self._known) <= frame:
            header, data = self._reader.next()
            if header is None:
                return False
            self._known.append(header.getlen() > len(data))
        return bool(self._known[frame])
