"""CTA_PROTOINFO_TCP: a flow's private state as netlink attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctcore.netlink import attr, parse
from ctcore_tcp.numbers import MAX_WSCALE, WINDOW_SCALE
from ctcore_tcp.record import TcpState
from ctcore_tcp.states import STATES

CTA_PROTOINFO_TCP: Final = 1
STATE: Final = 1
WSCALE_ORIGINAL: Final = 2
WSCALE_REPLY: Final = 3
FLAGS_ORIGINAL: Final = 4
FLAGS_REPLY: Final = 5


def to_nlattr(tcp: TcpState, destroy: bool) -> bytes:
    """The nest: state, and unless the flow is gone window scales and flags (with a zero mask)."""
    body = attr(STATE, bytes((tcp.state,)))
    if not destroy:
        body += attr(WSCALE_ORIGINAL, bytes((tcp.side(0).scale,)))
        body += attr(WSCALE_REPLY, bytes((tcp.side(1).scale,)))
        body += attr(FLAGS_ORIGINAL, bytes((tcp.side(0).flags, 0)))
        body += attr(FLAGS_REPLY, bytes((tcp.side(1).flags, 0)))
    return attr(CTA_PROTOINFO_TCP, body, nested=True)


def from_nlattr(tcp: TcpState, attrs: Mapping[int, bytes]) -> None:
    """Set what the nest has: flags under their masks, window scales where both sides offered scaling."""
    found = parse(attrs.get(CTA_PROTOINFO_TCP, b""))
    state = found.get(STATE, b"")
    if len(state) == 1 and state[0] < STATES:
        tcp.state = state[0]
    for side, number in ((tcp.side(0), FLAGS_ORIGINAL), (tcp.side(1), FLAGS_REPLY)):
        value = found.get(number, b"")
        if len(value) == 2:
            flags, mask = value
            side.flags = side.flags & ~mask | flags & mask
    if tcp.side(0).flags & tcp.side(1).flags & WINDOW_SCALE:
        for side, number in ((tcp.side(0), WSCALE_ORIGINAL), (tcp.side(1), WSCALE_REPLY)):
            scale = found.get(number, b"")
            if len(scale) == 1:
                side.scale = min(scale[0], MAX_WSCALE)
