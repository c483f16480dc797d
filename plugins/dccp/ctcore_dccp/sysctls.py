"""The DCCP settings."""

from __future__ import annotations

from typing import Final

from ctcore.sysctl import switch, timeout
from ctcore_dccp.states import CLOSE_REQUESTED, CLOSING, OPEN, PARTOPEN, REQUESTED, RESPOND, STATES, TIMEWAIT

TIMEOUT_COUNT: Final = STATES

_TIMEOUTS: Final = (
    ("request", 240, REQUESTED, "a REQUEST without an answer"),
    ("respond", 480, RESPOND, "a RESPONSE without an acknowledgment"),
    ("partopen", 480, PARTOPEN, "acknowledged by the client, and the server was not heard since"),
    ("open", 43200, OPEN, "an open connection: twelve hours"),
    ("closereq", 64, CLOSE_REQUESTED, "the server asked for the end"),
    ("closing", 64, CLOSING, "a CLOSE without its RESET"),
    ("timewait", 240, TIMEWAIT, "reset: two lives of a segment"),
)

SYSCTLS: Final = (
    *(timeout(f"nf_conntrack_dccp_timeout_{name}", value, "timeouts", doc, at) for name, value, at, doc in _TIMEOUTS),
    switch("nf_conntrack_dccp_loose", 1, "loose", "nothing: the table lets a REQUEST alone open a flow"),
)
