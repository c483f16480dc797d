"""CTA_PROTOINFO_SCTP: a flow's private state as netlink attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctcore.netlink import attr, be32, parse
from ctcore_sctp.record import SctpState
from ctcore_sctp.states import STATES

CTA_PROTOINFO_SCTP: Final = 3
STATE: Final = 1
VTAG_ORIGINAL: Final = 2
VTAG_REPLY: Final = 3


def to_nlattr(sctp: SctpState, destroy: bool) -> bytes:
    """The nest: state, and unless the flow is gone the verification tags."""
    body = attr(STATE, bytes((sctp.state,)))
    if not destroy:
        body += attr(VTAG_ORIGINAL, be32(sctp.vtag[0])) + attr(VTAG_REPLY, be32(sctp.vtag[1]))
    return attr(CTA_PROTOINFO_SCTP, body, nested=True)


def from_nlattr(sctp: SctpState, attrs: Mapping[int, bytes]) -> None:
    """Set what the nest has; without the state and both tags it changes nothing."""
    found = parse(attrs.get(CTA_PROTOINFO_SCTP, b""))
    state, original, reply = (found.get(number, b"") for number in (STATE, VTAG_ORIGINAL, VTAG_REPLY))
    if len(state) == 1 and state[0] < STATES and len(original) == len(reply) == 4:
        sctp.state = state[0]
        sctp.vtag[:] = int.from_bytes(original, "big"), int.from_bytes(reply, "big")
