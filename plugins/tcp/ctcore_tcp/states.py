"""The TCP state machine: what each kind of segment makes of a flow, by direction and state.

The tracker sits in the middle: it sees a segment before its receiver does, and never knows whether it arrives. So a
state is what both ends may be in after the segments seen so far. SYN_SENT2 is a simultaneous open: both ends have sent
a SYN and neither has answered. Two codes are no states: INVALID for a segment that cannot be, and IGNORE for one whose
meaning only the answer will tell; it is let through and remembered.
"""

from __future__ import annotations

from typing import Final

from ctcore_tcp.header import ACK, FIN, RST, SYN

NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2 = range(10)
INVALID: Final = 10
IGNORE: Final = 11
RETRANS: Final = 12  # no states either: the places of two more timeouts
UNACK: Final = 13

STATE_NAMES: Final = (
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
)

KIND_SYN, KIND_SYNACK, KIND_FIN, KIND_ACK, KIND_RST, KIND_NONE = range(6)
STATES: Final = 10
KINDS: Final = 6


def _kind(flags: int) -> int:
    if flags & RST:
        return KIND_RST
    if flags & SYN:
        return KIND_SYNACK if flags & ACK else KIND_SYN
    if flags & FIN:
        return KIND_FIN
    return KIND_ACK if flags & ACK else KIND_NONE


KIND_OF: Final = bytes(_kind(flags) for flags in range(256))
"""The kind of a segment by its flags byte."""

_CODES: Final = {
    "NO": NONE,
    "SS": SYN_SENT,
    "SR": SYN_RECV,
    "ES": ESTABLISHED,
    "FW": FIN_WAIT,
    "CW": CLOSE_WAIT,
    "LA": LAST_ACK,
    "TW": TIME_WAIT,
    "CL": CLOSE,
    "S2": SYN_SENT2,
    "IV": INVALID,
    "IG": IGNORE,
}

# fmt: off
_ORIGINAL = (
    #          NO SS SR ES FW CW LA TW CL S2
    (KIND_SYN, "SS SS IG IG IG IG IG SS SS S2"),     # opens, or opens again what has ended; else its answer will tell
    (KIND_SYNACK, "IV IV SR IV IV IV IV IV IV SR"),  # only the answer to a simultaneous open, and its repetition
    (KIND_FIN, "IV IV FW FW LA LA LA TW CL IV"),     # the first one closes one half, the second the other
    (KIND_ACK, "ES IV ES ES CW CW TW TW CL IV"),     # completes the handshake; out of nowhere it picks a flow up
    (KIND_RST, "IV CL CL CL CL CL CL CL CL CL"),     # ends it, if it stands the window check
    (KIND_NONE, "IV IV IV IV IV IV IV IV IV IV"),    # no segment is without flags
)
_REPLY = (
    #          NO SS SR ES FW CW LA TW CL S2
    (KIND_SYN, "IV S2 IV IV IV IV IV SS IV S2"),     # a simultaneous open, or the other end opening again
    (KIND_SYNACK, "IV SR IG IG IG IG IG IG IG SR"),  # the answer; a late one may belong to a SYN that was ignored
    (KIND_FIN, "IV IV FW FW LA LA LA TW CL IV"),     # closes one half, as in the other direction
    (KIND_ACK, "IV IG SR ES CW CW TW TW CL IG"),     # before the handshake it may be a challenge, so it is ignored
    (KIND_RST, "IV CL CL CL CL CL CL CL CL CL"),     # refuses or ends it
    (KIND_NONE, "IV IV IV IV IV IV IV IV IV IV"),    # no segment is without flags
)
# fmt: on

TRANSITIONS: Final = bytes(_CODES[code] for rows in (_ORIGINAL, _REPLY) for _, row in rows for code in row.split())
"""The next state (or INVALID, IGNORE) at ``(direction * KINDS + kind) * STATES + state``."""
