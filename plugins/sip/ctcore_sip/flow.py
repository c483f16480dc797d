"""A flow with this helper: what is kept for it, and its expectations."""

from __future__ import annotations

from dataclasses import dataclass

from ctcore import Conn, Expectation, Packet, Tuple, help_data, withdraw
from ctcore.common import IP_CT_IS_REPLY
from ctcore.expect import ExpectError
from ctcore_sip.message import Refused

SIGNALLING, AUDIO, VIDEO, IMAGE = range(4)
"""The classes of expectations: their places in the helper's policies."""


class Private:
    """What is kept for a flow: the sequence numbers of the last INVITE and the last REGISTER."""

    __slots__ = ("invite_cseq", "register_cseq")

    def __init__(self) -> None:
        self.invite_cseq = 0
        self.register_cseq = 0


@dataclass(frozen=True, slots=True)
class Talk:
    """A flow and the packet of it that is looked at: ``own`` is the packet's direction, ``peer`` the other one."""

    pkt: Packet
    ct: Conn
    own: Tuple
    peer: Tuple

    @classmethod
    def of(cls, pkt: Packet, ct: Conn, ctinfo: int) -> Talk:
        """What a packet of a flow is looked at as."""
        direction = int(ctinfo >= IP_CT_IS_REPLY)
        return cls(pkt, ct, ct.tuple(direction), ct.tuple(1 - direction))

    @property
    def private(self) -> Private:
        """What is kept for the flow."""
        private: Private = help_data(self.ct).private
        return private

    def announce(self, exp: Expectation, reason: str, skip_master: bool = False) -> bool:
        """Announce a flow; false where it is announced already. Raises Refused, for that ``reason``."""
        try:
            self.pkt.net.expectations.insert(exp, self.pkt.now, skip_master)
        except ExpectError as error:
            if skip_master and str(error) == "EALREADY":
                return False
            raise Refused(reason) from error
        return True

    def forget_media(self) -> None:
        """Take back all media that the flow announced."""
        for exp in list(help_data(self.ct).expectations):
            if exp.class_ != SIGNALLING:
                withdraw(exp)

    def forget_registration(self) -> None:
        """Take back the latest signalling that the flow announced."""
        for exp in help_data(self.ct).expectations:
            if exp.class_ == SIGNALLING:
                withdraw(exp)
                return
