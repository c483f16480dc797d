"""Packets and the judge's word on each, put by in files until another program has had its say.

The packets are a pcap file in which each has the time at which the judge was given it. So a program that takes its
clock from the capture has the judge's clock, and timeouts can be compared however long the replay took.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final

from ctcore.sources import open_capture
from ctcore.verify.sides import Record

_EN10MB: Final = 1
_SNAPLEN: Final = 262_144
_ADDRESSES: Final = bytes(12)
_NO_NETWORK: Final = 0x88B5
"""The EtherType of what carries no network packet: one that IEEE 802 keeps for experiments."""


class Spool:
    """A context manager: an empty spool, to be filled first and read then; its files go when it is left.

    ``path`` is the pcap file: link type Ethernet whatever the capture's was, times in microseconds, frames whole even
    where the capture had cut them, for the judge was given no more either. ``count`` is the packets in it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._open = ExitStack()

    def __enter__(self) -> Spool:
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="ctcore-")))
        self.path = folder / "capture.pcap"
        self._packets = self._open.enter_context(self.path.open("wb"))
        self._packets.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _SNAPLEN, _EN10MB))
        self._records = self._open.enter_context((folder / "judge.jsonl").open("w+", encoding="utf-8"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._open.close()

    def add(self, ethertype: int, packet: bytes, record: Record) -> None:
        """Put a packet by (from its network header on), and what the judge said of it."""
        self.count += 1
        frame = _ADDRESSES + (ethertype or _NO_NETWORK).to_bytes(2, "big") + packet
        seconds, nanoseconds = divmod(record["time_ns"], 1_000_000_000)
        self._packets.write(struct.pack("<IIII", seconds, nanoseconds // 1000, len(frame), len(frame)) + frame)
        self._records.write(json.dumps(record) + "\n")

    def finish(self) -> None:
        """Have everything in the files. Raises OSError."""
        self._packets.flush()
        self._records.flush()

    def read(self) -> Generator[tuple[int, bytes, Record], None, None]:
        """EtherType, packet, and what the judge said of it, of all from the first."""
        self._records.seek(0)
        with open_capture(str(self.path)) as capture:
            for (_, ethertype, packet), line in zip(capture.packets(), self._records, strict=True):
                yield ethertype, packet, json.loads(line)
