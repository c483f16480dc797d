"""Labels: 128 bits a flow, where the ruleset of the namespace uses any."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension

LABEL_BITS = 128


class LabelSet:
    """``bits``: an integer of 128 bits, bit n set for label n."""

    __slots__ = ("bits",)

    def __init__(self) -> None:
        self.bits = 0


class Labels:
    """The LABELS extension."""

    name = "labels"
    id = ExtId.LABELS
    switch = "labels_used"

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> LabelSet | None:
        """No label set, or None while ``net.labels_used`` is 0."""
        return LabelSet() if ct.net.labels_used else None
