"""A timeout policy of its own for a flow, from its template (``ct timeout set``, ``-j CT --timeout``)."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension


class TimeoutPolicy:
    """A named policy: ``timeouts`` in nanoseconds, in the order in which the flow's protocol numbers its states."""

    __slots__ = ("name", "timeouts")

    def __init__(self, name: str, timeouts: list[int]) -> None:
        self.name = name
        self.timeouts = timeouts


class Timeout:
    """The TIMEOUT extension."""

    name = "timeout"
    id = ExtId.TIMEOUT

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> TimeoutPolicy | None:
        """The template's policy, which then stands in for the namespace's timeouts, or None."""
        policy: TimeoutPolicy | None = tmpl.ext_find(ExtId.TIMEOUT) if tmpl is not None else None
        ct.policy = policy.timeouts if policy is not None else None
        return policy
