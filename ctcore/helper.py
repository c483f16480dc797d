"""The helpers of a namespace.

A flow has a helper only where it was given one: by a template, an expectation or a call.
"""

from __future__ import annotations

from ctcore.common import EXT_HELPER, Status
from ctcore.conn import Conn
from ctcore.extensions.helper import HelperData
from ctcore.slots import HelperSlot


class HelperTable:
    """The helpers by name."""

    def __init__(self) -> None:
        self.helpers: list[HelperSlot] = []

    def register(self, helper: HelperSlot) -> None:
        """Take a helper in."""
        self.helpers.append(helper)

    def find(self, name: str, l3num: int, l4num: int) -> HelperSlot | None:
        """The helper of this name for an address family and a protocol; one for any family has ``l3num`` 0."""
        for helper in self.helpers:
            if helper.name == name and helper.l3num in (0, l3num) and helper.l4num == l4num:
                return helper
        return None


def attach(ct: Conn, helper: HelperSlot) -> HelperData:
    """Give an unconfirmed flow a helper. Raises ValueError for a confirmed flow."""
    data: HelperData = ct.ext_add(EXT_HELPER, HelperData(helper))
    return data


def inherit(ct: Conn, tmpl: Conn) -> None:
    """Give a new flow the helper that its template carries."""
    data = tmpl.ext_find(EXT_HELPER)
    if data is not None:
        attach(ct, data.helper)
        ct.status |= Status.HELPER
