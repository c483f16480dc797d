"""SKELETON for ctcore: how long the first answer of each flow took, as JSON and as a column of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctcore import Conn, CtInfo, Fields, Packet, extension


class Latency:
    """What is kept for a flow: the times (nanoseconds) of its first packet and of the first answer, 0 until then."""

    __slots__ = ("answered", "asked")

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0


class Skeleton:
    """The extension type."""

    name = "skeleton"

    @extension
    def create(self, ct: Conn) -> Latency | None:
        """Every flow has one; None would leave this flow alone."""
        return Latency()

    @extension
    def packet(self, ct: Conn, data: Latency, pkt: Packet, ctinfo: int) -> None:
        """The first packet counts, and the first answer to it; an ICMP error, which is RELATED, is none."""
        if ctinfo == CtInfo.ESTABLISHED_REPLY:
            data.answered = data.answered or pkt.now
        else:
            data.asked = data.asked or pkt.now

    @extension
    def dump(self, data: Latency) -> Mapping[str, Any]:
        """Seconds, or null without an answer."""
        return {"latency": (data.answered - data.asked) / 1e9 if data.answered else None}

    @extension
    def column(self, data: Latency) -> Fields:
        """Milliseconds, where there was an answer."""
        return (("latency", f"{(data.answered - data.asked) / 1e6:.3f}ms"),) if data.answered else ()
