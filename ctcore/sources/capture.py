"""Captures: pcap and pcapng through libpcap, from a file or a pipe, in large batches."""

from __future__ import annotations

import os
import select
import stat
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, TypeAlias

import pcapy

from ctcore.errors import CaptureError, FilterError
from ctcore.sources import faults
from ctcore.sources.cut import CutFrames, snapshot_length
from ctcore.sources.link import decap_for

Batch: TypeAlias = tuple[bytes, bytes]

BATCH = 256
"""Packets in a batch, at the most. Batches as small as this use the same memory again, and stay in the cache."""

RECORD = struct.Struct("=4I")
"""One record of a batch's index: seconds, microseconds, offset in the buffer, captured length in bytes."""

PCAP_FILE_HEADER, PCAP_RECORD_HEADER = 24, 16
WORD = 0xFFFF_FFFF


class _Header(Protocol):
    def getts(self) -> tuple[int, int]: ...
    def getlen(self) -> int: ...


class _Reader(Protocol):
    """What is used of pcapy's Reader, which comes without types."""

    def next_batch(self, max_n: int, /) -> Batch: ...
    def next(self) -> tuple[_Header | None, bytes]: ...
    def setfilter(self, expression: str, /) -> None: ...
    def datalink(self) -> int: ...
    def getfd(self) -> int: ...
    def close(self) -> None: ...


def open_capture(path: str, bpf: str | None = None) -> Capture:
    """Open the pcap or pcapng capture ``path`` ("-": standard input), seen through libpcap's filter ``bpf``.

    Raises CaptureError where it cannot be opened, is none, or has a link type that ctcore does not know, and
    FilterError where libpcap does not understand the filter; the reason in both is libpcap's own or the
    system's.

    Opening a pipe waits for its first bytes and holds the interpreter meanwhile, as pcapy does: what writes
    into it has to be another process, not a thread. As in tcpdump, a filter such as ``tcp`` matches no frame
    with a VLAN tag: that takes ``vlan and tcp``.
    """
    return Capture(path, bpf)


class Capture:
    """An open capture: its packets once through, in the order of the file.

    Times are those of libpcap's plain interface: microseconds since the epoch. A capture with nanoseconds is
    read, its times cut to whole microseconds; seconds are 32 bits, unsigned.

    ``name`` is the file as messages call it, ``path`` what libpcap opens; ``linktype`` libpcap's DLT number;
    ``decap(buf, offset, end)`` finds the network packet in a frame, see ``ctcore.sources.link``; ``size`` the bytes of
    the file, None for a pipe; ``snaplen`` the bytes that a pcap file keeps of a frame, so that one of just this length
    was cut, or 0 where that is not told.
    """

    def __init__(self, path: str, bpf: str | None = None) -> None:
        """See ``open_capture``."""
        self.name = "standard input" if path == "-" else path
        self.path, self.size = _look_at(path, self.name)
        self._bpf = bpf
        self._consumed = 0
        self._closed = False
        self._poll: select.poll | None = None
        self._cut = CutFrames(self)
        self.snaplen = snapshot_length(self.path) if self.size is not None else 0
        self._reader = self._open()
        self.linktype = self._reader.datalink()
        self.decap = decap_for(self.linktype, self.name)

    def batches(self) -> Iterator[Batch]:
        """Yield ``(buffer, index)``: up to ``BATCH`` frames in one buffer, and 16 bytes for each as in ``RECORD``.

        Each frame is ``buffer[offset : offset + caplen]``. From a pipe, what has come is handed on before
        more is waited for. At a fault every packet before it is yielded first; then CaptureError names the
        byte offset of the record that could not be read. In a pipe that is exact for pcap without a filter,
        else a lower bound.
        """
        if self.size is None:
            yield from self._singly()
            return
        done = 0
        while True:
            try:
                batch = self._reader.next_batch(BATCH)
            except pcapy.PcapError:
                # pcapy has thrown away the sound packets of this batch, so they are fetched again, singly
                self._reopen_after(done)
                yield from self._singly()
                return
            if not batch[1]:
                return
            done += 1
            self._cut.begin_batch(batch[1])
            yield batch

    def was_cut(self, number: int) -> bool:
        """Whether the capture kept less of a frame than was on the wire.

        ``number`` counts the frames from 1, in this capture; the frame must be one of the latest batch.
        """
        return self._cut[number - 1]

    def packets(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield ``(time_ns, ethertype, l3)`` for each frame: nanoseconds since the epoch, kind, packet.

        A frame that carries no network packet yields ethertype 0 and no bytes, so that counting gives frame
        numbers. Padding behind the packet is left on it. Raises CaptureError as ``batches`` does.
        """
        for buffer, index in self.batches():
            for seconds, micros, offset, caplen in RECORD.iter_unpack(index):
                found = self.decap(buffer, offset, offset + caplen)
                l3 = buffer[found >> 16 : offset + caplen] if found else b""
                yield seconds * 1_000_000_000 + micros * 1_000, found & 0xFFFF, l3

    @property
    def position(self) -> int:
        """Bytes read so far, for a progress bar.

        For a file, how far libpcap has got in it, its buffer included, so that it moves on under a filter
        too. For a pipe, 24 and 16 + captured length for each packet that passed the filter: what pcap takes,
        less than pcapng.
        """
        if self.size is None or self._closed:
            return self._consumed
        return min(os.lseek(self._reader.getfd(), 0, os.SEEK_CUR), self.size)

    def close(self) -> None:
        """Close the file; more than once does no harm, and ``position`` stays what it was."""
        self._consumed = self.position
        self._closed = True
        self._reader.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _open(self) -> _Reader:
        try:
            reader: _Reader = pcapy.open_offline(self.path)
        except pcapy.PcapError as error:
            raise self._fault(error) from None
        except ValueError:  # pcapy takes names as UTF-8 only
            raise CaptureError(f"{self.name!a}: no file name that libpcap can be given") from None
        if self._bpf is not None:
            try:
                reader.setfilter(self._bpf)
            except (pcapy.PcapError, ValueError) as error:
                raise FilterError(f"libpcap filter {self._bpf!r}: {error}") from None
        return reader

    def reopen(self) -> _Reader:
        """A second look at the file from its start, through the same filter. Raises CaptureError."""
        return self._open()

    def _reopen_after(self, batches: int) -> None:
        spent, self._reader = self._reader, self._open()
        spent.close()
        try:
            for _ in range(batches):
                self._reader.next_batch(BATCH)
        except pcapy.PcapError as error:  # the file has become shorter meanwhile
            raise self._fault(error) from None

    def _singly(self) -> Iterator[Batch]:
        """As ``batches``, made packet by packet: slower, but a fault takes no sound packet with it."""
        self._consumed = self._consumed or PCAP_FILE_HEADER
        more, error = True, None
        while more:
            frames: list[bytes] = []
            index, offset, cut = bytearray(), 0, bytearray()
            while len(frames) < BATCH and not (frames and self._must_wait()):
                try:
                    header, frame = self._reader.next()
                except pcapy.PcapError as stopped:
                    header, error = None, self._fault(stopped)
                if header is None:
                    more = False
                    break
                seconds, micros = header.getts()
                index += RECORD.pack(seconds & WORD, micros & WORD, offset, len(frame))
                frames.append(frame)
                cut.append(header.getlen() > len(frame))
                offset += len(frame)
                self._consumed += PCAP_RECORD_HEADER + len(frame)
            if frames:
                self._cut.begin_batch(bytes(index), cut)
                yield b"".join(frames), bytes(index)
        if error:
            raise error

    def _must_wait(self) -> bool:
        """Whether the next read from a pipe might block, so that what is there should be handed on first."""
        if self.size is not None:
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._reader.getfd(), select.POLLIN)
        return not self._poll.poll(0)

    def _fault(self, error: Exception) -> CaptureError:
        reason = " ".join(str(error).split())
        if self.size is None:
            return faults.in_stream(self.name, self._consumed, reason)
        return faults.in_file(self.name, self.path, self.size, reason)


def _look_at(path: str, name: str) -> tuple[str, int | None]:
    """What libpcap is to open for ``path``, and its size in bytes, None where it can be read only once."""
    try:
        status = os.fstat(0) if path == "-" else os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise CaptureError(f"{name}: a directory, not a capture")
        if path == "-" and os.isatty(0):
            raise CaptureError(f"{name}: a terminal, not a capture: pipe one in")
        if not stat.S_ISREG(status.st_mode):
            return path, None
        path = "/dev/stdin" if path == "-" else path  # a file may be read twice, which "-" would rule out
        with open(path, "rb") as file:
            faults.check_start(name, path, file.read(8))
        return path, status.st_size
    except OSError as error:
        raise CaptureError(f"{name}: cannot be opened: {error.strerror}") from None
    except ValueError:  # a NUL in it
        raise CaptureError(f"{name!a}: no file name") from None
