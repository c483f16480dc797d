"""Reading the index of a batch; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore.sources.capture import RECORD

RECORD_SIZE: Final = RECORD.size


class Octets:
    """``record(index, at)`` reads the four numbers of ``RECORD``."""

    __slots__ = ()

    record = staticmethod(RECORD.unpack_from)


octets: Final = Octets()
