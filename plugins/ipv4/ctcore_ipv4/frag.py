"""Reassembly of IPv4 datagrams (RFC 791, RFC 3168) as Linux does it before conntrack sees them."""

from __future__ import annotations

from typing import Final

from ctcore.netfilter import ACCEPT, STOLEN
from ctcore.packet import Packet
from ctcore.sysctl import Sysctl, timeout
from ctcore_ipv4.checksum import fill
from ctcore_ipv4.header import IP_DF, IP_MF, IP_OFFSET, IPV4

SYSCTLS: Final = (
    timeout("net.ipv4.ipfrag_time", 30, "fragments.time", "how long fragments wait for the rest of their datagram"),
    Sysctl("net.ipv4.ipfrag_high_thresh", 4194304, "fragments.high_thresh", "memory for fragments", unit="bytes"),
    Sysctl("net.ipv4.ipfrag_low_thresh", 3145728, "fragments.low_thresh", "kept for its name", unit="bytes"),
    Sysctl("net.ipv4.ipfrag_max_dist", 64, "fragments.max_dist", "how far a source's fragments may be apart; 0: any"),
)

OVERHEAD: Final = 768  # bytes of memory that a small fragment takes beside its data, on a 64-bit kernel
MAX_LENGTH: Final = 65535
ECN_MASK: Final = 3
ECN_CE: Final = 3

_read = IPV4.reader("version_ihl", "tos", "tot_len", "id", "frag_off", "protocol")

Key = tuple[bytes, int, int, int]


class Queue:
    """The fragments of one datagram. ``runs`` are its stretches: a run grows only at the highest end."""

    def __init__(self, deadline: int) -> None:
        self.deadline = deadline
        self.distance = 0
        self.restart()

    def restart(self) -> None:
        """Forget everything that was gathered."""
        self.runs: list[list[int]] = []
        self.pieces: dict[int, tuple[bytes, int]] = {}  # offset -> (bytes at hand, length)
        self.header = b""
        self.length = 0
        self.meat = 0
        self.last_seen = False
        self.ecn = 0
        self.max_size = 0
        self.max_df_size = 0
        self.memory = 0

    @property
    def complete(self) -> bool:
        """First and last fragment are here, and everything between."""
        return self.last_seen and bool(self.header) and self.meat == self.length

    def extent(self, offset: int, end: int, more: bool) -> str | None:
        """Learn the datagram's length; returns why the whole queue is to be thrown away, or None."""
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


class Fragments:
    """All queues of one namespace. Times are nanoseconds, memory is bytes."""

    def __init__(self) -> None:
        self.time = 0
        self.high_thresh = 0
        self.low_thresh = 0
        self.max_dist = 0
        self.memory = 0
        self._queues: dict[Key, Queue] = {}
        self._sources: dict[bytes, int] = {}

    def gather(self, pkt: Packet, user: int) -> int:
        """Take a fragment in: STOLEN while it waits or is thrown away, ACCEPT once ``pkt`` is the whole datagram."""
        self._expire(pkt.now)
        nhoff = pkt.nhoff
        version_ihl, tos, tot_len, ident, frag_off, protocol = _read(pkt.buf, nhoff)
        if self.memory > self.high_thresh:
            return self._stolen(pkt, "fragment dropped: no memory for more")
        key = (pkt.buf[nhoff + 12 : nhoff + 20], ident, protocol, user)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = Queue(pkt.now + self.time)
        self._check_distance(queue, key[0][:4], pkt.now)
        ihl = (version_ihl & 15) * 4
        offset = (frag_off & IP_OFFSET) * 8
        more = frag_off & IP_MF
        end = offset + tot_len - ihl
        if more:
            end &= ~7
        fault = queue.extent(offset, end, bool(more)) or queue.insert(offset, end)
        if fault == "duplicate":
            return self._stolen(pkt, "fragment dropped: a duplicate")
        if fault:
            self._discard(key)
            return self._stolen(pkt, f"fragments dropped: {fault}")
        self._keep(queue, pkt, ihl, offset, end - offset)
        queue.ecn |= 1 << (tos & ECN_MASK)
        queue.max_size = max(queue.max_size, tot_len)
        if frag_off & IP_DF:
            queue.max_df_size = max(queue.max_df_size, tot_len)
        if not queue.complete:
            return self._stolen(pkt, "fragment waits for the rest of its datagram")
        self._discard(key)
        fault = _reassemble(queue, pkt)
        return self._stolen(pkt, fault) if fault else ACCEPT

    def _keep(self, queue: Queue, pkt: Packet, ihl: int, offset: int, length: int) -> None:
        data = pkt.nhoff + ihl
        queue.pieces[offset] = (pkt.buf[data : min(data + length, pkt.avail)], length)
        if not offset:
            queue.header = pkt.buf[pkt.nhoff : data]
        queue.meat += length
        queue.memory += length + OVERHEAD
        self.memory += length + OVERHEAD

    def _check_distance(self, queue: Queue, source: bytes, now: int) -> None:
        """Throw old fragments away when a source has sent many others since: the id may have come around."""
        if not self.max_dist:
            return
        count = self._sources[source] = self._sources.get(source, 0) + 1
        if queue.runs and count - queue.distance > self.max_dist:
            self.memory -= queue.memory
            queue.restart()
            queue.deadline = now + self.time
        queue.distance = count

    def _discard(self, key: Key) -> None:
        self.memory -= self._queues.pop(key).memory

    def _expire(self, now: int) -> None:
        for key in [key for key, queue in self._queues.items() if queue.deadline <= now]:
            self._discard(key)

    @staticmethod
    def _stolen(pkt: Packet, reason: str) -> int:
        pkt.note(reason)
        return STOLEN


def _reassemble(queue: Queue, pkt: Packet) -> str | None:
    """Make the packet the whole datagram; returns why that cannot be, or None."""
    header = bytearray(queue.header)
    total = len(header) + queue.length
    if total > MAX_LENGTH:
        return f"fragments dropped: a datagram of {total} bytes"
    if queue.ecn & 1 and queue.ecn != 1:
        return "fragments dropped: some are ECN-capable and some are not"
    if queue.ecn >> ECN_CE:
        header[1] |= ECN_CE
    header[2:4] = total.to_bytes(2, "big")
    whole_df = queue.max_df_size == queue.max_size
    header[6:8] = (IP_DF if whole_df else 0).to_bytes(2, "big")
    header[10:12] = bytes(2)
    header[10:12] = fill(bytes(header)).to_bytes(2, "big")
    parts = [bytes(header)]
    avail = None
    at = len(header)
    for _, (data, length) in sorted(queue.pieces.items()):
        if len(data) < length and avail is None:
            avail = at + len(data)
        parts.append(data.ljust(length, b"\0"))
        at += length
    pkt.buf = b"".join(parts)
    pkt.nhoff = 0
    pkt.end = total
    pkt.avail = total if avail is None else avail
    pkt.dataoff = len(header)
    pkt.protonum = header[9]
    return None
