"""Numbers that the modules of the TCP tracker share."""

from __future__ import annotations

from typing import Final

IPPROTO_TCP: Final = 6

# Sequence numbers are modulo 2**32; of two that are HALF apart each is after the other.
U32: Final = 0xFFFFFFFF
HALF: Final = 1 << 31

# Flags of a side's record; netlink shows those of the first group.
WINDOW_SCALE: Final = 0x01
SACK_PERMITTED: Final = 0x02
CLOSE_INIT: Final = 0x04  # this side moved the flow into FIN_WAIT
BE_LIBERAL: Final = 0x08
DATA_UNACKNOWLEDGED: Final = 0x10
MAXACK_SET: Final = 0x20
EXP_CHALLENGE_ACK: Final = 0x40  # in last_flags alone
SIMULTANEOUS_OPEN: Final = 0x80  # in last_flags alone

MAX_WSCALE: Final = 14
ALIGNED_TIMESTAMP: Final = 0x0101080A  # how a timestamp alone is written: these four bytes first,
ALIGNED_LENGTH: Final = 12  # and this many in all

# What may come of a segment beside a verdict: answers from 100 on are none that conntrack knows.
GO_ON: Final = 100  # to the window check
IN_WINDOW: Final = 101  # as though it had passed it
OUT_OF_WINDOW: Final = 102
