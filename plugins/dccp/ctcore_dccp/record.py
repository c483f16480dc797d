"""What conntrack remembered of a DCCP connection, and its netlink attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctcore.netlink import attr, be64, parse
from ctcore_dccp.header import REQUEST
from ctcore_dccp.states import CLIENT, NONE, SERVER, STATES

CTA_PROTOINFO_DCCP: Final = 2
STATE: Final = 1
ROLE: Final = 2
HANDSHAKE_SEQ: Final = 3


class DccpState:
    """The private state of a flow.

    ``role``           CLIENT or SERVER, of each direction
    ``handshake_seq``  the sequence number that the client has to acknowledge
    ``last_pkt``       the type of the last packet, ``last_dir`` its direction
    """

    __slots__ = ("handshake_seq", "last_dir", "last_pkt", "role", "state")

    def __init__(self) -> None:
        self.state = NONE
        self.role = [CLIENT, SERVER]
        self.handshake_seq = 0
        self.last_pkt = REQUEST
        self.last_dir = 0

    def set_client(self, direction: int) -> None:
        """The sender of this direction is the client."""
        self.role[direction], self.role[1 - direction] = CLIENT, SERVER


def to_nlattr(dccp: DccpState, destroy: bool) -> bytes:
    """The nest CTA_PROTOINFO_DCCP: state, and unless the flow is gone the original direction's role and the number."""
    body = attr(STATE, bytes((dccp.state,)))
    if not destroy:
        body += attr(ROLE, bytes((dccp.role[0],))) + attr(HANDSHAKE_SEQ, be64(dccp.handshake_seq))
    return attr(CTA_PROTOINFO_DCCP, body, nested=True)


def from_nlattr(dccp: DccpState, attrs: Mapping[int, bytes]) -> None:
    """Set what the nest has; without state and role, or with ones that do not exist, it changes nothing."""
    found = parse(attrs.get(CTA_PROTOINFO_DCCP, b""))
    state, role = found.get(STATE, b""), found.get(ROLE, b"")
    if len(state) != 1 or len(role) != 1 or state[0] >= STATES or role[0] not in (CLIENT, SERVER):
        return
    dccp.state = state[0]
    dccp.set_client(0 if role[0] == CLIENT else 1)
    number = found.get(HANDSHAKE_SEQ, b"")
    if len(number) == 8:
        dccp.handshake_seq = int.from_bytes(number, "big")
