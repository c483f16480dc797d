"""What the tracker remembers of a TCP flow; ``record.pyx`` is the same for the compiled build, in one piece."""

from __future__ import annotations

from ctcore_tcp.states import KIND_NONE, NONE


class Side:
    """What one side has sent. Sequence numbers are modulo 2**32, windows in bytes.

    ``end``      the highest sequence number sent, plus length
    ``maxend``   the highest that it may send: what the other side acknowledged, plus its window
    ``maxwin``   the largest window it announced, scaled; 0 while nothing is known of this side
    ``maxack``   the highest acknowledgment it sent (where MAXACK_SET)
    ``scale``    its window scale, ``flags`` as netlink shows them
    """

    __slots__ = ("end", "flags", "maxack", "maxend", "maxwin", "scale")

    def __init__(self) -> None:
        self.end = 0
        self.maxend = 0
        self.maxwin = 0
        self.maxack = 0
        self.scale = 0
        self.flags = 0


class TcpState:
    """The private state of a flow: its state, both sides, and the last segment that was let through.

    ``retrans`` counts repetitions of the very same segment of ACK kind; ``last_win`` is not scaled.
    """

    __slots__ = (
        "last_ack",
        "last_dir",
        "last_end",
        "last_flags",
        "last_index",
        "last_seq",
        "last_win",
        "last_wscale",
        "original",
        "reply",
        "retrans",
        "state",
    )

    def __init__(self) -> None:
        self.state = NONE
        self.original = Side()
        self.reply = Side()
        self.last_dir = 0
        self.last_index = KIND_NONE
        self.last_seq = 0
        self.last_ack = 0
        self.last_end = 0
        self.last_win = 0
        self.last_wscale = 0
        self.last_flags = 0
        self.retrans = 0

    def side(self, direction: int) -> Side:
        """What the side has sent whose packets have this direction (0 original, 1 reply)."""
        return self.reply if direction else self.original
