"""What the reassembly of datagrams has in common, whatever the address family: queues, their stretches, their limits.

The rules are kernel behaviour (inet fragment queues): who overlaps, who is a duplicate, what a queue costs.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from ctcore.netfilter import STOLEN
from ctcore.packet import Packet
from ctcore.sysctl import NETFILTER, U64_MAX, Sysctl

LONG_MAX: Final = 2**63 - 1
OVERHEAD: Final = 768  # bytes of memory that a small fragment takes beside its data, on a 64-bit kernel
MAX_LENGTH: Final = 65535
ECN_CE: Final = 3


class Queue:
    """The fragments of one datagram. ``runs`` are its stretches: a run grows only at the highest end.

    ``deadline`` is when it is given up (nanoseconds); offsets, lengths and ``memory`` are bytes.
    """

    def __init__(self, deadline: int) -> None:
        self.deadline = deadline
        self.restart()

    def restart(self) -> None:
        """Forget everything that was gathered."""
        self.runs: list[list[int]] = []
        self.pieces: dict[int, tuple[bytes, int]] = {}  # offset -> (bytes at hand, length)
        self.header = b""  # of the first fragment
        self.length = 0
        self.meat = 0
        self.last_seen = False
        self.ecn = 0
        self.memory = 0

    @property
    def complete(self) -> bool:
        """First and last fragment are here, and everything between."""
        return self.last_seen and bool(self.header) and self.meat == self.length

    def extent(self, offset: int, end: int, more: bool) -> str | None:
        """Learn the datagram's length; returns why the fragment does not fit to it, or None."""
        if more:
            if end > self.length:
                if self.last_seen:
                    return "a fragment beyond the last one"
                self.length = end
        else:
            if end < self.length or (self.last_seen and end != self.length):
                return "a second end of the datagram"
            self.last_seen = True
            self.length = end
        return "an empty fragment" if end == offset else None

    def insert(self, offset: int, end: int) -> str | None:
        """Place a stretch: None, or "duplicate" (this fragment is dropped), or "overlap" (the queue is thrown away)."""
        highest = self.runs[-1][1] if self.runs else 0
        if not self.runs or end > highest:
            if self.runs and offset < highest:
                return "overlap"
            if self.runs and offset == highest:
                self.runs[-1][1] = end
            else:
                self.runs.append([offset, end])
            return None
        for place, (start, stop) in enumerate(self.runs):
            if end <= start:
                self.runs.insert(place, [offset, end])
                return None
            if offset < stop:
                return "duplicate" if start <= offset and end <= stop else "overlap"
        return "overlap"

    def congestion(self) -> int | None:
        """The bits to set in the datagram's ECN field (RFC 3168, section 5.3), or None where it must be dropped."""
        if self.ecn & 1 and self.ecn != 1:
            return None
        return ECN_CE if self.ecn >> ECN_CE else 0

    def become(self, pkt: Packet, header: bytes) -> None:
        """Make ``pkt`` the whole datagram behind this header; what a capture had cut off is zeros, and not at hand."""
        parts, at, avail = [header], len(header), None
        for _, (data, length) in sorted(self.pieces.items()):
            if len(data) < length and avail is None:
                avail = at + len(data)
            parts.append(data.ljust(length, b"\0"))
            at += length
        pkt.buf = b"".join(parts)
        pkt.nhoff = 0
        pkt.end = at
        pkt.avail = at if avail is None else avail


Key = TypeVar("Key")
AnyQueue = TypeVar("AnyQueue", bound=Queue)


class Queues(Generic[Key, AnyQueue]):
    """All queues of one namespace. Times are nanoseconds, memory is bytes; ``queue`` is their class."""

    queue: type[AnyQueue]

    def __init__(self) -> None:
        self.time = 0
        self.high_thresh = 0
        self.low_thresh = 0
        self.memory = 0
        self._queues: dict[Key, AnyQueue] = {}

    def find(self, key: Key, now: int) -> AnyQueue | None:
        """The queue for a fragment, a new one where there is none; None where memory is used up."""
        self._expire(now)
        if not self.memory <= self.high_thresh <= LONG_MAX:  # what is more is a negative number to the kernel
            return None
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = self.queue(now + self.time)
        return queue

    def keep(self, queue: AnyQueue, pkt: Packet, start: int, offset: int, length: int) -> None:
        """Store the stretch of ``length`` bytes at ``offset``, which begins at ``start`` in the packet's buffer."""
        queue.pieces[offset] = (pkt.buf[start : min(start + length, pkt.avail)], length)
        if not offset:
            queue.header = pkt.buf[pkt.nhoff : start]
        queue.meat += length
        queue.memory += length + OVERHEAD
        self.memory += length + OVERHEAD

    def discard(self, key: Key) -> None:
        """Throw a queue away, or let go of one that is complete."""
        self.memory -= self._queues.pop(key).memory

    def _expire(self, now: int) -> None:
        for key in [key for key, queue in self._queues.items() if queue.deadline <= now]:
            self.discard(key)


def thresholds(prefix: str) -> tuple[Sysctl, Sysctl]:
    """The two settings for the memory of the owner's ``fragments``: neither may pass the other, as in the kernel."""
    low, high = f"{prefix}_low_thresh", f"{prefix}_high_thresh"
    return (
        _threshold(high, 4194304, "fragments.high_thresh", "memory for fragments", floor=low),
        _threshold(low, 3145728, "fragments.low_thresh", "kept for its name", ceiling=high),
    )


def _threshold(path: str, default: int, attribute: str, doc: str, *, floor: str = "", ceiling: str = "") -> Sysctl:
    name = path.removeprefix(NETFILTER)
    return Sysctl(name, default, attribute, doc, None, "bytes", 0, U64_MAX, floor=floor, ceiling=ceiling)


def stolen(pkt: Packet, reason: str) -> int:
    """The verdict on a fragment that goes no further by itself."""
    pkt.note(reason)
    return STOLEN
