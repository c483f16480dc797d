"""SKELETON for ctcore: it counts packets by their relation to a flow, and new flows, and says so at the end."""

from __future__ import annotations

import sys
from collections import Counter

from ctcore import Conn, CtInfo, EventKind, Net, Packet, observer


class Skeleton:
    """The observer."""

    name = "skeleton"

    def __init__(self) -> None:
        self.packets: Counter[str] = Counter()
        self.flows = 0

    @observer
    def packet_seen(self, pkt: Packet, verdict: int) -> None:
        """A packet went all its way."""
        self.packets[CtInfo(pkt.ctinfo).name if pkt.ct is not None else "no flow"] += 1

    @observer
    def event(self, kind: int, ct: Conn, mask: int) -> None:
        """Something happened to a flow."""
        self.flows += kind == EventKind.NEW

    @observer
    def net_exit(self, net: Net) -> None:
        """That was all."""
        packets = ", ".join(f"{count} {name}" for name, count in sorted(self.packets.items()))
        print(f"skeleton: {self.flows} flows; packets: {packets or 'none'}", file=sys.stderr)
