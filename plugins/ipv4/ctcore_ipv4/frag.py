"""Reassembly of IPv4 datagrams (RFC 791, RFC 3168) as Linux does it before conntrack sees them."""

from __future__ import annotations

from typing import Final

from ctcore.checksum import fill
from ctcore.netfilter import ACCEPT
from ctcore.packet import Packet
from ctcore.reassembly import MAX_LENGTH, Queue, Queues, stolen, thresholds
from ctcore.sysctl import Sysctl, timeout
from ctcore_ipv4.header import IP_DF, IP_MF, IP_OFFSET, IPV4

SYSCTLS: Final = (
    timeout("net.ipv4.ipfrag_time", 30, "fragments.time", "how long fragments wait for the rest of their datagram"),
    *thresholds("net.ipv4.ipfrag"),
    Sysctl("net.ipv4.ipfrag_max_dist", 64, "fragments.max_dist", "how far a source's fragments may be apart; 0: any"),
)

ECN_MASK: Final = 3

_read = IPV4.reader("version_ihl", "tos", "tot_len", "id", "frag_off", "protocol")

Key = tuple[bytes, int, int, int]


class Datagram(Queue):
    """The fragments of one datagram. ``distance`` is its source's count of fragments at the latest one."""

    def __init__(self, deadline: int) -> None:
        super().__init__(deadline)
        self.distance = 0

    def restart(self) -> None:
        """Forget everything that was gathered."""
        super().restart()
        self.max_size = 0
        self.max_df_size = 0


class Fragments(Queues[Key, Datagram]):
    """All queues of one namespace."""

    queue = Datagram

    def __init__(self) -> None:
        super().__init__()
        self.max_dist = 0
        self._sources: dict[bytes, int] = {}

    def gather(self, pkt: Packet, user: int) -> int:
        """Take a fragment in: STOLEN while it waits or is thrown away, ACCEPT once ``pkt`` is the whole datagram."""
        nhoff = pkt.nhoff
        version_ihl, tos, tot_len, ident, frag_off, protocol = _read(pkt.buf, nhoff)
        key = (pkt.buf[nhoff + 12 : nhoff + 20], ident, protocol, user)
        queue = self.find(key, pkt.now)
        if queue is None:
            return stolen(pkt, "fragment dropped: no memory for more")
        self._check_distance(queue, key[0][:4], pkt.now)
        ihl = (version_ihl & 15) * 4
        offset = (frag_off & IP_OFFSET) * 8
        more = frag_off & IP_MF
        end = offset + tot_len - ihl
        if more:
            end &= ~7
        fault = queue.extent(offset, end, bool(more)) or queue.insert(offset, end)
        if fault == "duplicate":
            return stolen(pkt, "fragment dropped: a duplicate")
        if fault:
            self.discard(key)
            return stolen(pkt, f"fragments dropped: {fault}")
        self.keep(queue, pkt, nhoff + ihl, offset, end - offset)
        queue.ecn |= 1 << (tos & ECN_MASK)
        queue.max_size = max(queue.max_size, tot_len)
        if frag_off & IP_DF:
            queue.max_df_size = max(queue.max_df_size, tot_len)
        if not queue.complete:
            return stolen(pkt, "fragment waits for the rest of its datagram")
        self.discard(key)
        fault = _reassemble(queue, pkt)
        return stolen(pkt, fault) if fault else ACCEPT

    def _check_distance(self, queue: Datagram, source: bytes, now: int) -> None:
        """Throw old fragments away when a source has sent many others since: the id may have come around."""
        if not self.max_dist:
            return
        count = self._sources[source] = self._sources.get(source, 0) + 1
        if queue.runs and count - queue.distance > self.max_dist:
            self.memory -= queue.memory
            queue.restart()
            queue.deadline = now + self.time
        queue.distance = count


def _reassemble(queue: Datagram, pkt: Packet) -> str | None:
    """Make the packet the whole datagram; returns why that cannot be, or None."""
    header = bytearray(queue.header)
    total = len(header) + queue.length
    if total > MAX_LENGTH:
        return f"fragments dropped: a datagram of {total} bytes"
    ecn = queue.congestion()
    if ecn is None:
        return "fragments dropped: some are ECN-capable and some are not"
    header[1] |= ecn
    header[2:4] = total.to_bytes(2, "big")
    whole_df = queue.max_df_size == queue.max_size
    header[6:8] = (IP_DF if whole_df else 0).to_bytes(2, "big")
    header[10:12] = bytes(2)
    header[10:12] = fill(bytes(header)).to_bytes(2, "big")
    queue.become(pkt, bytes(header))
    pkt.dataoff = len(header)
    pkt.protonum = header[9]
    return None
