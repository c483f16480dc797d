"""What a ctnetlink message tells of a flow: the one source of the text, xml, save and netlink formats.

A dump tells everything about a flow, an event what its mask says: kernel behaviour, see docs/differs.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore.common import EXT_ACCT, EXT_HELPER, EXT_TSTAMP, Event, EventKind, ExtId, Status
from ctcore.conn import Conn
from ctcore.sysctl import SECOND
from ctcore.zones import ZONE_DIR_ORIG, ZONE_DIR_REPL

if TYPE_CHECKING:
    from ctcore.extensions.acct import Counters
    from ctcore.extensions.seqadj import SeqAdj
    from ctcore.extensions.tstamp import Timestamps

OFFLOADED: Final = int(Status.OFFLOAD)
SEQ_ADJUST: Final = int(Status.SEQ_ADJUST)
PROTOINFO: Final = 1 << Event.PROTOINFO
MARK: Final = 1 << Event.MARK
LABEL: Final = 1 << Event.LABEL
SEQADJ: Final = 1 << Event.SEQADJ
RELATED: Final = 1 << Event.RELATED
DESTROY: Final = int(EventKind.DESTROY)
ZONE_DIR_BOTH: Final = ZONE_DIR_ORIG | ZONE_DIR_REPL


class Message:
    """One message about the flow ``ct``; None stands for what the message does not tell.

    ``kind``       the event, or None in a dump
    ``now``        nanoseconds: when the message was made
    ``timeout``    whole seconds left
    ``protoinfo``  whether the private state of the protocol is told
    ``labels``     the label bits
    ``use``        how many hold the flow
    """

    __slots__ = (
        "counters",
        "ct",
        "helper",
        "kind",
        "labels",
        "mark",
        "master",
        "now",
        "protoinfo",
        "seqadj",
        "timeout",
        "times",
        "use",
    )

    def __init__(self, ct: Conn, kind: EventKind | None, now: int, timeout: int | None, protoinfo: bool) -> None:
        self.ct = ct
        self.kind = kind
        self.now = now
        self.timeout = timeout
        self.protoinfo = protoinfo
        self.counters: Counters | None = None
        self.mark: int | None = None
        self.times: Timestamps | None = None
        self.helper: str | None = None
        self.labels: int | None = None
        self.seqadj: list[SeqAdj] | None = None
        self.master: Conn | None = None
        self.use: int | None = None

    @property
    def private(self) -> bool:
        """Whether the whole private state of the protocol is told, not its state alone."""
        return self.protoinfo and self.ct.proto is not None and self.kind != EventKind.DESTROY

    @property
    def state(self) -> str | None:
        """The name of the protocol's state, where the message tells it and the protocol has names."""
        return self.ct.state if self.protoinfo else None

    @property
    def xml_state(self) -> str | None:
        """The same as ``-o xml`` names it."""
        ct, state = self.ct, self.state
        return state if state is None or ct.l4.print_xml_state is None else ct.l4.print_xml_state(ct)

    @property
    def age(self) -> int | None:
        """Whole seconds from the flow's start to its end or until now, either time truncated beforehand."""
        times = self.times
        return None if times is None else (times.stop or self.now) // SECOND - times.start // SECOND


def dump(ct: Conn, now: int) -> Message:
    """The message that a dump at the time ``now`` (nanoseconds) has for a flow."""
    offloaded = bool(ct.status & OFFLOADED)
    msg = Message(ct, None, now, None if offloaded else ct.remaining(now) // SECOND, not offloaded)
    msg.mark = ct.mark
    msg.master = ct.master
    msg.use = 1 + ct.children
    if ct.ext is not None:
        msg.counters = ct.ext_find(EXT_ACCT)
        msg.times = ct.ext_find(EXT_TSTAMP)
        msg.helper = _helper(ct)
        msg.labels = _labels(ct)
        msg.seqadj = _seqadj(ct)
    return msg


def event(kind: EventKind, ct: Conn, mask: int, now: int) -> Message:
    """The message of an event that is delivered at ``now`` (nanoseconds).

    ``mask`` has a bit for each ``Event``.
    """
    timeout = ct.remaining(now) // SECOND
    if kind == DESTROY:
        msg = Message(ct, kind, now, timeout or None, True)
        msg.counters = ct.ext_find(EXT_ACCT)
        msg.mark = ct.mark or None
        msg.times = ct.ext_find(EXT_TSTAMP)
        return msg
    msg = Message(ct, kind, now, timeout, bool(mask & PROTOINFO))
    if ct.mark or mask & MARK:
        msg.mark = ct.mark
    msg.helper = _helper(ct)
    if mask & LABEL:
        msg.labels = _labels(ct)
    if mask & SEQADJ:
        msg.seqadj = _seqadj(ct)
    if mask & RELATED:
        msg.master = ct.master
    return msg


def _helper(ct: Conn) -> str | None:
    data = ct.ext_find(EXT_HELPER)
    return None if data is None else data.helper.name


def _labels(ct: Conn) -> int | None:
    labels = ct.ext_find(ExtId.LABELS)
    return None if labels is None else labels.bits or None


def _seqadj(ct: Conn) -> list[SeqAdj] | None:
    return ct.ext_find(ExtId.SEQADJ) if ct.status & SEQ_ADJUST else None
