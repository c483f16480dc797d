"""The two packed tuples of a flow; ``pair.pyx`` is the same for the compiled build, within the flow itself."""

from __future__ import annotations


class Pair:
    """``original`` and ``reply``: the packed tuples of the two directions, see ``ctcore.tuples``."""

    __slots__ = ("original", "reply")

    original: bytes
    reply: bytes
