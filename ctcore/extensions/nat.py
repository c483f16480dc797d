"""What address translation keeps for a flow."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension


class NatData:
    """``masq_index``: the interface index a masqueraded flow left by; ``help``: what a helper's translation keeps."""

    __slots__ = ("help", "masq_index")

    def __init__(self) -> None:
        self.masq_index = 0
        self.help: object = None


class Nat:
    """The NAT extension: the translation attaches it when it needs it."""

    name = "nat"
    id = ExtId.NAT

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> None:
        """Nothing by itself."""
