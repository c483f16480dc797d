"""The TCP settings."""

from __future__ import annotations

from typing import Final

from ctcore.sysctl import Sysctl, switch, timeout
from ctcore_tcp.states import (
    CLOSE,
    CLOSE_WAIT,
    ESTABLISHED,
    FIN_WAIT,
    LAST_ACK,
    RETRANS,
    SYN_RECV,
    SYN_SENT,
    TIME_WAIT,
    UNACK,
)

DEFAULT_NANOSECONDS: Final = 120_000_000_000  # of the states that no sysctl sets
TIMEOUT_COUNT: Final = UNACK + 1

_TIMEOUTS: Final = (
    ("syn_sent", 120, SYN_SENT, "a SYN without an answer"),
    ("syn_recv", 60, SYN_RECV, "a SYN/ACK without an answer"),
    ("established", 432000, ESTABLISHED, "an open connection: five days"),
    ("fin_wait", 120, FIN_WAIT, "one side closed"),
    ("close_wait", 60, CLOSE_WAIT, "one side closed, and the other acknowledged it"),
    ("last_ack", 30, LAST_ACK, "both sides closed"),
    ("time_wait", 120, TIME_WAIT, "both sides closed and acknowledged"),
    ("close", 10, CLOSE, "reset"),
    ("max_retrans", 300, RETRANS, "at most, while the same segment comes again and again, or a window is shut"),
    ("unacknowledged", 300, UNACK, "at most, while data waits for its acknowledgment"),
)

SYSCTLS: Final = (
    *(timeout(f"nf_conntrack_tcp_timeout_{name}", value, "timeouts", doc, at) for name, value, at, doc in _TIMEOUTS),
    switch("nf_conntrack_tcp_loose", 1, "loose", "pick up connections in the middle"),
    switch("nf_conntrack_tcp_be_liberal", 0, "be_liberal", "let segments out of the window pass, but resets"),
    switch("nf_conntrack_tcp_ignore_invalid_rst", 0, "ignore_invalid_rst", "let resets out of the window pass"),
    Sysctl("nf_conntrack_tcp_max_retrans", 3, "max_retrans", "repetitions that shorten the timeout", maximum=255),
)
