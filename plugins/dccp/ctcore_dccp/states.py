"""The DCCP states and both transition tables, by role, as flat data."""

from __future__ import annotations

from typing import Final

from ctcore_dccp.header import (
    ACK,
    CLOSE,
    CLOSEREQ,
    DATA,
    DATAACK,
    REQUEST,
    RESET,
    RESPONSE,
    SYNC,
    SYNCACK,
)

NONE, REQUESTED, RESPOND, PARTOPEN, OPEN, CLOSE_REQUESTED, CLOSING, TIMEWAIT = range(8)
STATES: Final = 8
IGNORE: Final = 8
INVALID: Final = 9

CLIENT, SERVER = 0, 1
ROLE_NAMES: Final = ("client", "server")

STATE_NAMES: Final = (
    "NONE",
    "REQUEST",
    "RESPOND",
    "PARTOPEN",
    "OPEN",
    "CLOSEREQ",
    "CLOSING",
    "TIMEWAIT",
)

_CODES: Final = {
    "NO": NONE,
    "RQ": REQUESTED,
    "RS": RESPOND,
    "PO": PARTOPEN,
    "OP": OPEN,
    "CR": CLOSE_REQUESTED,
    "CG": CLOSING,
    "TW": TIMEWAIT,
    "IG": IGNORE,
    "IV": INVALID,
}

# fmt: off
_CLIENT = (
    #          NO RQ RS PO OP CR CG TW
    (REQUEST,  "RQ RQ RS IG IG IG IG RQ"),  # opens, comes again, or opens again what has ended; else its answer tells
    (RESPONSE, "IV IG IG IG IG IG IG IV"),  # a server's: perhaps both opened at once
    (DATA,     "IV IV IV IV OP CR CG IV"),  # only once it is open
    (ACK,      "IV IV PO PO OP CR CG IV"),  # the third step of the handshake
    (DATAACK,  "IV IV PO PO OP CR CG IV"),  # the same with data
    (CLOSEREQ, "IV IV IV IV IV IV IV IV"),  # only a server asks for the end
    (CLOSE,    "IV IV IV CG CG CG IV IV"),  # the client ends it, asked or not
    (RESET,    "IV TW TW TW TW TW TW IG"),  # the end; its repetition changes nothing
    (SYNC,     "IV IG IG IG IG IG IG IG"),  # the ends agree on numbers, nothing more
    (SYNCACK,  "IV IG IG IG IG IG IG IG"),
)
_SERVER = (
    #          NO RQ RS PO OP CR CG TW
    (REQUEST,  "IV IG IG IG IG IG IG RQ"),  # opens the other way round what has ended
    (RESPONSE, "IV RS RS IG IG IG IG IV"),  # the second step of the handshake
    (DATA,     "IV IV IV OP OP IV CG IV"),  # shows that the third step was seen
    (ACK,      "IV IV IV OP OP IV CG IV"),
    (DATAACK,  "IV IV IV OP OP IV CG IV"),
    (CLOSEREQ, "IV IV IV CR CR CR CR IV"),  # asks the client to end it
    (CLOSE,    "IV IV IV CG CG IV CG IV"),  # ends it itself
    (RESET,    "IV TW TW TW TW TW TW TW"),  # the end
    (SYNC,     "IV IG IG IG IG IG IG IG"),
    (SYNCACK,  "IV IG IG IG IG IG IG IG"),
)
# fmt: on

_NEXT: Final = {
    (role, kind): bytes(_CODES[code] for code in row.split())
    for role, rows in ((CLIENT, _CLIENT), (SERVER, _SERVER))
    for kind, row in rows
}


def transition(role: int, kind: int, state: int) -> int:
    """The next state, or IGNORE or INVALID, for a type of packet from a client or a server."""
    return _NEXT[role, kind][state]
