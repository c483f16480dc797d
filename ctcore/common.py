"""The numbers of conntrack that tools and kernel share (linux/netfilter/nf_conntrack_common.h), and the path's own."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

ORIGINAL: Final = 0
REPLY: Final = 1
NEVER: Final = (1 << 63) - 1  # nanoseconds: later than any time that can be

IP_CT_ESTABLISHED: Final = 0
IP_CT_RELATED: Final = 1
IP_CT_NEW: Final = 2
IP_CT_IS_REPLY: Final = 3
IP_CT_ESTABLISHED_REPLY: Final = 3
IP_CT_RELATED_REPLY: Final = 4
IP_CT_INVALID: Final = 6  # ctcore's own: seen, and neither of a flow nor untracked
IP_CT_UNTRACKED: Final = 7
UNSEEN: Final = -1  # conntrack has not seen the packet, or has not decided


class CtInfo(IntEnum):
    """A packet's relation to its flow; the direction is reply from ESTABLISHED_REPLY to NEW_REPLY."""

    ESTABLISHED = 0
    RELATED = 1
    NEW = 2
    ESTABLISHED_REPLY = 3
    RELATED_REPLY = 4
    NEW_REPLY = 5
    UNTRACKED = 7


class Status(IntFlag):
    """The status bits of a flow (linux/netfilter/nf_conntrack_common.h)."""

    EXPECTED = 1 << 0
    SEEN_REPLY = 1 << 1
    ASSURED = 1 << 2
    CONFIRMED = 1 << 3
    SRC_NAT = 1 << 4
    DST_NAT = 1 << 5
    SEQ_ADJUST = 1 << 6
    SRC_NAT_DONE = 1 << 7
    DST_NAT_DONE = 1 << 8
    DYING = 1 << 9
    FIXED_TIMEOUT = 1 << 10
    TEMPLATE = 1 << 11
    NAT_CLASH = 1 << 12
    HELPER = 1 << 13
    OFFLOAD = 1 << 14
    HW_OFFLOAD = 1 << 15


class Event(IntEnum):
    """The conntrack events, as bit numbers of an event mask."""

    NEW = 0
    RELATED = 1
    DESTROY = 2
    REPLY = 3
    ASSURED = 4
    PROTOINFO = 5
    HELPER = 6
    MARK = 7
    SEQADJ = 8
    SECMARK = 9
    LABEL = 10
    SYNPROXY = 11


class EventKind(IntEnum):
    """The kinds of event messages, by the names that ``conntrack -E`` prints."""

    NEW = 0
    UPDATE = 1
    DESTROY = 2


class ExtId(IntEnum):
    """The places of the kernel's extension types in a flow's extension block; others come after these."""

    HELPER = 0
    NAT = 1
    SEQADJ = 2
    ACCT = 3
    ECACHE = 4
    TSTAMP = 5
    TIMEOUT = 6
    LABELS = 7


EXPECTED: Final = int(Status.EXPECTED)
SEEN_REPLY: Final = int(Status.SEEN_REPLY)
ASSURED: Final = int(Status.ASSURED)
CONFIRMED: Final = int(Status.CONFIRMED)
SEQ_ADJUST: Final = int(Status.SEQ_ADJUST)
DYING: Final = int(Status.DYING)
FIXED_TIMEOUT: Final = int(Status.FIXED_TIMEOUT)
TEMPLATE: Final = int(Status.TEMPLATE)
NAT_CLASH: Final = int(Status.NAT_CLASH)

EXT_HELPER: Final = int(ExtId.HELPER)
EXT_ACCT: Final = int(ExtId.ACCT)
EXT_ECACHE: Final = int(ExtId.ECACHE)
EXT_TSTAMP: Final = int(ExtId.TSTAMP)
