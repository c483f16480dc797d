"""A control connection: the session of its two ends, and the one call that is followed.

Whoever opened the connection is taken for the client (PNS), the other end for the server (PAC).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

from ctcore_pptp.messages import (
    CALL_CLEAR_REQUEST,
    CALL_DISCONNECT_NOTIFY,
    IN_CALL_CONNECT,
    IN_CALL_REPLY,
    IN_CALL_REQUEST,
    INCALL_ACCEPT,
    OUT_CALL_REPLY,
    OUT_CALL_REQUEST,
    OUTCALL_CONNECT,
    START_OK,
    START_SESSION_REPLY,
    START_SESSION_REQUEST,
    STOP_OK,
    STOP_SESSION_REPLY,
    STOP_SESSION_REQUEST,
    Message,
)


class SessionState(IntEnum):
    """The states of a session, in the kernel's order: they are compared."""

    NONE = 0
    ERROR = 1
    STOPREQ = 2
    REQUESTED = 3
    CONFIRMED = 4


class CallState(IntEnum):
    """The states of a call."""

    NONE = 0
    ERROR = 1
    OUT_REQ = 2
    OUT_CONF = 3
    IN_REQ = 4
    IN_REP = 5
    IN_CONF = 6
    CLEAR_REQ = 7


class Outcome(IntEnum):
    """What has to be done after a message."""

    NOTHING = 0
    CONNECTED = 1  # the tunnel may come
    DISCONNECTED = 2  # the tunnel has to go


class Session:
    """``pns_id`` and ``pac_id`` are the call ids of client and server: each is what the other one's packets bear."""

    __slots__ = ("call", "pac_id", "pns_id", "state")

    def __init__(self) -> None:
        self.state = SessionState.NONE
        self.call = CallState.NONE
        self.pns_id = 0
        self.pac_id = 0

    def hear(self, direction: int, message: Message) -> Outcome:
        """Follow a message (``direction``: 0 the client's, 1 the server's), unless it is out of place."""
        step = STEPS[direction].get(message.type)
        return Outcome.NOTHING if step is None else step(self, message)

    def _start_request(self, message: Message) -> Outcome:
        if self.state == SessionState.NONE:
            self.state = SessionState.REQUESTED
        return Outcome.NOTHING

    def _start_reply(self, message: Message) -> Outcome:
        if self.state >= SessionState.REQUESTED:
            self.state = SessionState.CONFIRMED if message.body[2] == START_OK else SessionState.ERROR
        return Outcome.NOTHING

    def _stop_request(self, message: Message) -> Outcome:
        self.state = SessionState.STOPREQ
        return Outcome.NOTHING

    def _stop_reply(self, message: Message) -> Outcome:
        if self.state <= SessionState.STOPREQ:
            self.state = SessionState.NONE if message.body[0] == STOP_OK else SessionState.ERROR
        return Outcome.NOTHING

    def _out_request(self, message: Message) -> Outcome:
        if self.state == SessionState.CONFIRMED:
            self.call = CallState.OUT_REQ
            self.pns_id = message.id(0)
        return Outcome.NOTHING

    def _out_reply(self, message: Message) -> Outcome:
        if self.state != SessionState.CONFIRMED or self.call not in (CallState.OUT_REQ, CallState.OUT_CONF):
            return Outcome.NOTHING
        if message.id(2) != self.pns_id:
            return Outcome.NOTHING
        if message.body[4] != OUTCALL_CONNECT:
            self.call = CallState.NONE
            return Outcome.NOTHING
        self.call = CallState.OUT_CONF
        self.pac_id = message.id(0)
        return Outcome.CONNECTED

    def _in_request(self, message: Message) -> Outcome:
        if self.state == SessionState.CONFIRMED:
            self.call = CallState.IN_REQ
            self.pac_id = message.id(0)
        return Outcome.NOTHING

    def _in_reply(self, message: Message) -> Outcome:
        if self.call not in (CallState.IN_REQ, CallState.IN_REP) or message.id(2) != self.pac_id:
            return Outcome.NOTHING
        if message.body[4] == INCALL_ACCEPT:
            self.call = CallState.IN_REP
            self.pns_id = message.id(0)
        else:
            self.call = CallState.NONE
        return Outcome.NOTHING

    def _in_connect(self, message: Message) -> Outcome:
        if self.state != SessionState.CONFIRMED or self.call not in (CallState.IN_REP, CallState.IN_CONF):
            return Outcome.NOTHING
        if message.id(0) != self.pns_id:
            return Outcome.NOTHING
        self.call = CallState.IN_CONF
        return Outcome.CONNECTED

    def _clear(self, message: Message) -> Outcome:
        if self.state == SessionState.CONFIRMED:
            self.call = CallState.CLEAR_REQ
        return Outcome.NOTHING

    def _disconnect(self, message: Message) -> Outcome:
        self.call = CallState.NONE
        return Outcome.DISCONNECTED


Step = Callable[[Session, Message], Outcome]

_CLIENT: Final[Mapping[int, Step]] = {
    START_SESSION_REQUEST: Session._start_request,
    STOP_SESSION_REQUEST: Session._stop_request,
    OUT_CALL_REQUEST: Session._out_request,
    IN_CALL_REPLY: Session._in_reply,
    CALL_CLEAR_REQUEST: Session._clear,
}
_SERVER: Final[Mapping[int, Step]] = {
    START_SESSION_REPLY: Session._start_reply,
    STOP_SESSION_REPLY: Session._stop_reply,
    OUT_CALL_REPLY: Session._out_reply,
    IN_CALL_REQUEST: Session._in_request,
    IN_CALL_CONNECT: Session._in_connect,
    CALL_DISCONNECT_NOTIFY: Session._disconnect,
}
STEPS: Final = (_CLIENT, _SERVER)
"""By direction (0 original, 1 reply): what each message does. The others do nothing, or do not belong there."""
