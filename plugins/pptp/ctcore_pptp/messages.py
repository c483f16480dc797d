"""The control messages of PPTP (RFC 2637): header, names, and how long each one's body is at least."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from construct import Int16ub, Int32ub, Struct

from ctcore.headers import Header

CONTROL: Final = Header(
    Struct(
        "length" / Int16ub,  # bytes of the whole message
        "packet_type" / Int16ub,
        "magic_cookie" / Int32ub,
        "message_type" / Int16ub,
        "reserved" / Int16ub,
    )
)
PACKET_CONTROL: Final = 1
MAGIC_COOKIE: Final = 0x1A2B3C4D

START_SESSION_REQUEST, START_SESSION_REPLY, STOP_SESSION_REQUEST, STOP_SESSION_REPLY = 1, 2, 3, 4
ECHO_REQUEST, ECHO_REPLY = 5, 6
OUT_CALL_REQUEST, OUT_CALL_REPLY = 7, 8
IN_CALL_REQUEST, IN_CALL_REPLY, IN_CALL_CONNECT = 9, 10, 11
CALL_CLEAR_REQUEST, CALL_DISCONNECT_NOTIFY = 12, 13
WAN_ERROR_NOTIFY, SET_LINK_INFO = 14, 15

START_OK, STOP_OK, OUTCALL_CONNECT, INCALL_ACCEPT = 1, 1, 1, 1

MINIMUM: Final[Mapping[int, int]] = {
    START_SESSION_REQUEST: 144,
    START_SESSION_REPLY: 144,
    STOP_SESSION_REQUEST: 4,
    STOP_SESSION_REPLY: 4,
    OUT_CALL_REQUEST: 156,
    OUT_CALL_REPLY: 20,
    IN_CALL_REQUEST: 208,
    IN_CALL_REPLY: 12,
    IN_CALL_CONNECT: 16,
    CALL_CLEAR_REQUEST: 4,
    CALL_DISCONNECT_NOTIFY: 136,
    WAN_ERROR_NOTIFY: 28,
    SET_LINK_INFO: 12,
}
"""Bytes of a body, by message type. A shorter one is passed over."""

_read = CONTROL.reader("packet_type", "magic_cookie", "message_type")


class Message(NamedTuple):
    """A control message: its type, and its body."""

    type: int
    body: bytes

    def id(self, at: int) -> int:
        """The call id at a place of the body."""
        return self.body[at] << 8 | self.body[at + 1]


def read_message(data: bytes) -> Message | None:
    """The message that a segment begins with, or None. Others that follow in the same segment are not looked at."""
    if len(data) < CONTROL.size:
        return None
    packet_type, cookie, message_type = _read(data, 0)
    body = data[CONTROL.size :]
    if packet_type != PACKET_CONTROL or cookie != MAGIC_COOKIE or len(body) < MINIMUM.get(message_type, 0):
        return None
    return Message(message_type, body)
