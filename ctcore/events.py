"""Event messages: what happened to a flow, told to those who listen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ctcore.common import CONFIRMED, DYING, EXT_ECACHE, Event, EventKind
from ctcore.conn import Conn
from ctcore.expect import Expectation

EventListener = Callable[["EventKind", Conn, int], None]
ExpectListener = Callable[["EventKind", Expectation], None]

MASK_NEW: Final = 1 << Event.NEW | 1 << Event.RELATED
MASK_DESTROY: Final = 1 << Event.DESTROY
EXPECT_EVENTS: Final = {EventKind.NEW: 0, EventKind.DESTROY: 1}  # their bits in an event mask
ALL_EVENTS: Final = (1 << len(Event)) - 1
NEW, UPDATE, DESTROY = EventKind


class Notifier:
    """The listeners of one namespace.

    A listener is called with (kind, flow, event mask) at the moment of delivery; the flow changes on afterwards.
    """

    __slots__ = ("expect_listeners", "listeners")

    def __init__(self) -> None:
        self.listeners: list[EventListener] = []
        self.expect_listeners: list[ExpectListener] = []

    @property
    def has_listener(self) -> bool:
        """Whether anybody listens: with nf_conntrack_events=2 only flows born then emit events."""
        return bool(self.listeners or self.expect_listeners)

    def deliver_cached(self, ct: Conn) -> None:
        """Send what a confirmed, living flow has pending, as one message."""
        ecache = ct.ext[EXT_ECACHE] if ct.ext is not None else None
        if ecache is None or not ecache.cache or ct.status & (CONFIRMED | DYING) != CONFIRMED:
            return
        mask = ecache.cache & ecache.ctmask
        ecache.cache = 0
        if mask:
            self._send(NEW if mask & MASK_NEW else UPDATE, ct, mask)

    def destroy(self, ct: Conn) -> None:
        """Send the DESTROY message of a flow that emits events."""
        ecache = ct.ext[EXT_ECACHE] if ct.ext is not None else None
        if ecache is not None and ecache.ctmask & MASK_DESTROY:
            self._send(DESTROY, ct, MASK_DESTROY)

    def expectation(self, kind: EventKind, exp: Expectation) -> None:
        """Send an expectation's message, where its master emits events."""
        ecache = exp.master.ext_find(EXT_ECACHE)
        if ecache is not None and ecache.expmask & 1 << EXPECT_EVENTS[kind]:
            for listener in self.expect_listeners:
                listener(kind, exp)

    def _send(self, kind: EventKind, ct: Conn, mask: int) -> None:
        for listener in self.listeners:
            listener(kind, ct, mask)
