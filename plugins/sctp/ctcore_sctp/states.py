"""The SCTP states and both transition tables, as flat data."""

from __future__ import annotations

from typing import Final

from ctcore_sctp.header import (
    ABORT,
    COOKIE_ACK,
    COOKIE_ECHO,
    ERROR,
    HEARTBEAT,
    HEARTBEAT_ACK,
    INIT,
    INIT_ACK,
    SHUTDOWN,
    SHUTDOWN_ACK,
    SHUTDOWN_COMPLETE,
)

NONE, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECD, SHUTDOWN_ACK_SENT = range(8)
HEARTBEAT_SENT: Final = 8
STATES: Final = 9
INVALID: Final = 10

STATE_NAMES: Final = (
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
)

XML_STATE_NAMES: Final = (
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
)
"""The names that conntrack 1.4.7 gives these states in ``-o xml``: it looks them up among TCP's."""

_CODES: Final = {
    "NO": NONE,
    "CL": CLOSED,
    "CW": COOKIE_WAIT,
    "CE": COOKIE_ECHOED,
    "ES": ESTABLISHED,
    "SS": SHUTDOWN_SENT,
    "SR": SHUTDOWN_RECD,
    "SA": SHUTDOWN_ACK_SENT,
    "HS": HEARTBEAT_SENT,
    "IV": INVALID,
}

# fmt: off
_ORIGINAL = (
    #                   NO CL CW CE ES SS SR SA HS
    (INIT,              "CL CL CW CE ES CL CL SA CW"),  # opens, and opens again what is shutting down; else a restart
    (INIT_ACK,          "CL CL CW CE ES SS SR SA CL"),  # the answer to an INIT that came the other way
    (ABORT,             "CL CL CL CL CL CL CL CL CL"),  # ends it at once
    (SHUTDOWN,          "CL CL CW CE SS SS SR SA CL"),  # begins the end of what is open
    (SHUTDOWN_ACK,      "SA CL CW CE ES SA SA SA SA"),  # out of the blue it is the end of what was not seen
    (ERROR,             "CL CL CW CE ES SS SR SA CL"),  # a complaint changes nothing
    (COOKIE_ECHO,       "CL CL CE CE ES SS SR SA CL"),  # the third step of the handshake
    (COOKIE_ACK,        "CL CL CW ES ES SS SR SA CL"),  # the last step, where the INIT came the other way
    (SHUTDOWN_COMPLETE, "CL CL CW CE ES SS SR CL CL"),  # the last packet of all
    (HEARTBEAT,         "HS CL CW CE ES SS SR SA HS"),  # may open: a path of an association that has several
    (HEARTBEAT_ACK,     "CL CL CW CE ES SS SR SA HS"),  # proves nothing from the side that asked
)
_REPLY = (
    #                   NO CL CW CE ES SS SR SA HS
    (INIT,              "IV CL CW CE ES SS SR SA IV"),  # both sides open at once
    (INIT_ACK,          "IV CW CW CE ES SS SR SA IV"),  # the second step of the handshake
    (ABORT,             "IV CL CL CL CL CL CL CL IV"),  # refuses or ends it
    (SHUTDOWN,          "IV CL CW CE SR SS SR SA IV"),  # the other side begins the end
    (SHUTDOWN_ACK,      "IV CL CW CE ES SA SA SA IV"),  # answers the SHUTDOWN
    (ERROR,             "IV CL CW CL ES SS SR SA IV"),  # the cookie is not taken: stale
    (COOKIE_ECHO,       "IV CL CE CE ES SS SR SA IV"),  # the third step, where the INIT came from here
    (COOKIE_ACK,        "IV CL CW ES ES SS SR SA IV"),  # the last step: it is open
    (SHUTDOWN_COMPLETE, "IV CL CW CE ES SS SR CL IV"),  # the last packet of all
    (HEARTBEAT,         "IV CL CW CE ES SS SR SA HS"),  # the other side tries the path too
    (HEARTBEAT_ACK,     "IV CL CW CE ES SS SR SA ES"),  # the path works: traffic may come
)
# fmt: on

_NEXT: Final = {
    (direction, kind): bytes(_CODES[code] for code in row.split())
    for direction, rows in enumerate((_ORIGINAL, _REPLY))
    for kind, row in rows
}


def transition(direction: int, kind: int, state: int) -> int:
    """The next state, or INVALID, for a type of chunk in a direction (0 original, 1 reply)."""
    row = _NEXT.get((direction, kind))
    return state if row is None else row[state]
