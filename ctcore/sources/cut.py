"""Which frames the capture itself cut short: libpcap's batches tell how much was kept, not how much there was."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ctcore.sources.capture import Capture

RECORD_SIZE: Final = 16
SNAPLEN_AT: Final = 16  # in the file header of pcap
PCAP_MAGICS: Final = {
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
    b"\x4d\x3c\xb2\xa1": "<",
}


def snapshot_length(path: str) -> int:
    """The snapshot length of a pcap file in bytes; 0, which no frame is as long as, for anything else."""
    with open(path, "rb") as file:
        head = file.read(SNAPLEN_AT + 4)
    order = PCAP_MAGICS.get(head[:4])
    return struct.unpack_from(order + "I", head, SNAPLEN_AT)[0] if order and len(head) == SNAPLEN_AT + 4 else 0


class CutFrames:
    """Asked for a frame of the current batch only where its packet claims to be longer than what was kept.

    A file's wire lengths are looked up in a second pass, which follows the first no further than it is asked to; a
    pipe's come with the batch.
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._reader: Any = None
        self._next = 0
        self._known = bytearray()
        self._known_from = 0

    def begin_batch(self, index: bytes, cut: bytearray | None = None) -> None:
        """The frames that are asked for from now on; ``cut`` has a byte for each where that is known already."""
        if cut is not None:
            self._known = cut
            self._known_from = self._next
        self._next += len(index) // RECORD_SIZE

    def __getitem__(self, frame: int) -> bool:
        """Whether the frame, counted from 0, was cut."""
        if self._known_from <= frame < self._known_from + len(self._known):
            return bool(self._known[frame - self._known_from])
        return self._look_up(frame)

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
