"""What the ECACHE extension keeps for a flow."""

from __future__ import annotations


class EventCache:
    """``cache`` has a bit for each pending event; ``ctmask`` and ``expmask`` are the events that may be delivered.

    ``texts`` is what lines tell of the flow, see ``ctcore.formats.text``; None until one does.
    """

    __slots__ = ("cache", "ctmask", "expmask", "texts")

    def __init__(self, ctmask: int, expmask: int) -> None:
        self.cache = 0
        self.ctmask = ctmask
        self.expmask = expmask
        self.texts: tuple[str, str, str] | None = None
