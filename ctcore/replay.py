"""The loop over a capture's packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ctcore.sources.link import ethernet
from ctcore.sources.octets import RECORD_SIZE, octets

if TYPE_CHECKING:
    from ctcore.packet import Packet
    from ctcore.receive import Receiver
    from ctcore.sources import Capture


def replay(
    receiver: Receiver, pkt: Packet, capture: Capture, frozen: bool, on_packet: Callable[[int, int], None] | None
) -> int:
    """Take every packet of a capture through the host; returns how many there were. As ``Conntrack.replay``."""
    decap, snaplen = capture.decap, capture.snaplen
    is_ethernet = decap is ethernet
    number = 0
    pkt.capture = capture
    for buffer, index in capture.batches():
        at, size = 0, len(index)
        while at < size:
            sec, usec, offset, caplen = octets.record(index, at)
            at += RECORD_SIZE
            number += 1
            avail = offset + caplen
            # Nearly every capture is Ethernet's, and what is called by its name can be compiled in.
            link = ethernet(buffer, offset, avail) if is_ethernet else decap(buffer, offset, avail)
            pkt.buf = buffer
            pkt.nhoff = link >> 16
            pkt.avail = avail
            pkt.number = number
            pkt.cut = caplen == snaplen
            now = receiver.now if frozen and receiver.now else sec * 1_000_000_000 + usec * 1000
            verdict = receiver.receive(pkt, link & 0xFFFF, now)
            if on_packet is not None:
                on_packet(number, verdict)
    return number
