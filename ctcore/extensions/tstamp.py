"""Start and stop times, for flows that begin while nf_conntrack_timestamp is 1."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension


class Timestamps:
    """When a flow was confirmed and when it ended: nanoseconds since the epoch, 0 while that is ahead."""

    __slots__ = ("start", "stop")

    def __init__(self) -> None:
        self.start = 0
        self.stop = 0


class Tstamp:
    """The TSTAMP extension."""

    name = "tstamp"
    id = ExtId.TSTAMP
    switch = "timestamp"

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> Timestamps | None:
        """Times yet to come, or None while timestamps are off."""
        return Timestamps() if ct.net.timestamp else None
