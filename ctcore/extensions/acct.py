"""Packet and byte counters, for flows that begin while nf_conntrack_acct is 1."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension


class Counters:
    """Packets, and bytes of network layer length, per direction (0 original, 1 reply)."""

    __slots__ = ("bytes", "packets")

    def __init__(self) -> None:
        self.packets = [0, 0]
        self.bytes = [0, 0]


class Acct:
    """The ACCT extension."""

    name = "acct"
    id = ExtId.ACCT
    switch = "acct"

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> Counters | None:
        """Counters at zero, or None while accounting is off."""
        return Counters() if ct.net.acct else None
