"""The SCTP settings."""

from __future__ import annotations

from typing import Final

from ctcore.sysctl import timeout
from ctcore_sctp.states import (
    CLOSED,
    COOKIE_ECHOED,
    COOKIE_WAIT,
    ESTABLISHED,
    HEARTBEAT_SENT,
    SHUTDOWN_ACK_SENT,
    SHUTDOWN_RECD,
    SHUTDOWN_SENT,
    STATES,
)

TIMEOUT_COUNT: Final = STATES
DEFAULT_NANOSECONDS: Final = 10_000_000_000  # of NONE, which no sysctl sets

_TIMEOUTS: Final = (
    ("closed", 10, CLOSED, "an INIT without an answer, or an association that has ended"),
    ("cookie_wait", 3, COOKIE_WAIT, "an INIT that was answered"),
    ("cookie_echoed", 3, COOKIE_ECHOED, "a cookie that came back"),
    ("established", 210, ESTABLISHED, "an open association: seven heartbeats"),
    ("shutdown_sent", 3, SHUTDOWN_SENT, "the side that opened it ends it"),
    ("shutdown_recd", 3, SHUTDOWN_RECD, "the other side ends it"),
    ("shutdown_ack_sent", 3, SHUTDOWN_ACK_SENT, "the end was acknowledged"),
    ("heartbeat_sent", 30, HEARTBEAT_SENT, "a path that was tried, and did not answer yet"),
)

SYSCTLS: Final = tuple(
    timeout(f"nf_conntrack_sctp_timeout_{name}", value, "timeouts", doc, at) for name, value, at, doc in _TIMEOUTS
)
