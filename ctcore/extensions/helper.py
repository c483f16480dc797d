"""The helper of a flow, with the expectations that the flow is master of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension

if TYPE_CHECKING:
    from ctcore.expect import Expectation
    from ctcore.slots import HelperSlot


class HelperData:
    """``helper`` as bound in the namespace, this master's ``expectations`` (latest first).

    ``private`` is what the helper keeps for the flow, made new for each one, or None.
    """

    __slots__ = ("expectations", "helper", "private")

    def __init__(self, helper: HelperSlot) -> None:
        self.helper = helper
        self.expectations: list[Expectation] = []
        self.private: Any = helper.private() if helper.private is not None else None


class Helper:
    """The HELPER extension: it comes from a template, an expectation or a call, later in a flow's creation."""

    name = "helper"
    id = ExtId.HELPER

    @extension
    def destroy(self, ct: Conn, data: HelperData) -> None:
        """Take back what the flow announced: its first packet may have been refused after that."""
        ct.net.expectations.remove_all(ct)
