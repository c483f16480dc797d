"""Reassembly of IPv6 datagrams (RFC 8200, RFC 3168) as Linux does it before conntrack sees them."""

from __future__ import annotations

from typing import Final

from ctcore.netfilter import ACCEPT, DROP
from ctcore.packet import Packet
from ctcore.reassembly import MAX_LENGTH, Queue, Queues, stolen, thresholds
from ctcore.sysctl import timeout
from ctcore_ipv6 import numbers
from ctcore_ipv6.exthdr import find_fragment, skip_extensions
from ctcore_ipv6.header import FRAGMENT, IP6_MF, IP6_OFFSET, IPV6

SYSCTLS: Final = (
    timeout(
        "nf_conntrack_frag6_timeout", 60, "fragments.time", "how long fragments wait for the rest of their datagram"
    ),
    *thresholds("net.netfilter.nf_conntrack_frag6"),
)

HEADER: Final = IPV6.size
NEXTHDR: Final = 6  # where the IPv6 header has its next header field
TRANSPORT_HEADERS: Final = {6: 20, 17: 8, 58: 8}
"""Bytes of transport header that a first fragment must have, by protocol; of any other protocol one byte."""

_read = IPV6.reader("payload_len", "nexthdr")
_read_fragment = FRAGMENT.reader("nexthdr", "frag_off", "identification")

Key = tuple[bytes, int, int]


class Datagram(Queue):
    """The fragments of one datagram. ``place`` is where its first one's header announces the fragment header."""

    def __init__(self, deadline: int) -> None:
        super().__init__(deadline)
        self.place = 0


class Fragments(Queues[Key, Datagram]):
    """All queues of one namespace."""

    queue = Datagram

    def gather(self, pkt: Packet, user: int) -> int:
        """Take a fragment in: STOLEN while it waits, DROP where it is thrown away, ACCEPT for anything to be tracked.

        That is what is no fragment, the whole datagram that ``pkt`` has become, and fragments that no datagram can be
        made of: those whose headers are not all there, or whose size is wrong.
        """
        buf, nhoff, limit = pkt.buf, pkt.nhoff, pkt.avail
        payload_len, nexthdr = _read(buf, nhoff)
        found = find_fragment(buf, nhoff + HEADER, limit, nexthdr) if payload_len else None
        if found is None or _is_truncated(pkt, found[1]):
            return ACCEPT
        place, start = found
        data = start + FRAGMENT.size
        if data > limit:
            return _dropped(pkt, "the fragment header is not all there")
        nexthdr, frag_off, ident = _read_fragment(buf, start)
        key = (buf[nhoff + 8 : nhoff + HEADER], ident, user)
        queue = self.find(key, pkt.now)
        if queue is None:
            return _dropped(pkt, "no memory for more")
        offset, more = frag_off & IP6_OFFSET, frag_off & IP6_MF
        end = offset + nhoff + HEADER + payload_len - data
        if end > MAX_LENGTH:
            return _dropped(pkt, f"it would end at {end}")
        if more and end & 7:
            self.discard(key)
            pkt.note("fragments dropped: one that is not the last has no multiple of 8 bytes, and passes as it is")
            return ACCEPT
        fault = queue.extent(offset, end, bool(more))
        if fault:
            return _dropped(pkt, fault)
        fault = queue.insert(offset, end)
        if fault == "duplicate":
            return stolen(pkt, "fragment dropped: a duplicate")
        if fault:
            self.discard(key)
            return _dropped(pkt, fault)
        self.keep(queue, pkt, data, offset, end - offset)
        queue.ecn |= 1 << (buf[nhoff + 1] >> 4 & 3)
        if not offset:
            queue.place = NEXTHDR if place < 0 else place - nhoff
        if not queue.complete:
            return stolen(pkt, "fragment waits for the rest of its datagram")
        self.discard(key)
        fault = _reassemble(queue, pkt)
        return _dropped(pkt, fault) if fault else ACCEPT


def _is_truncated(pkt: Packet, start: int) -> bool:
    """Whether a first fragment, whose header begins at ``start``, has not all headers of its packet."""
    found = skip_extensions(pkt.buf, start, pkt.avail, numbers.FRAGMENT)
    if found is None:
        return False
    dataoff, protonum, frag_off = found
    return not frag_off & IP6_OFFSET and dataoff + TRANSPORT_HEADERS.get(protonum, 1) > pkt.end


def _dropped(pkt: Packet, reason: str) -> int:
    pkt.note(f"fragment dropped: {reason}")
    return DROP


def _reassemble(queue: Datagram, pkt: Packet) -> str | None:
    """Make the packet the whole datagram, without fragment header; returns why that cannot be, or None."""
    ecn = queue.congestion()
    if ecn is None:
        return "of its datagram some are ECN-capable and some are not"
    header = bytearray(queue.header[: -FRAGMENT.size])
    payload_len = len(header) - HEADER + queue.length
    if payload_len > MAX_LENGTH:
        return f"it completes a datagram of {payload_len} bytes"
    # The kernel remembers the place in one byte.
    header[queue.place & 0xFF] = queue.header[-FRAGMENT.size]
    header[1] |= ecn << 4
    header[4:6] = payload_len.to_bytes(2, "big")
    queue.become(pkt, bytes(header))
    return None
