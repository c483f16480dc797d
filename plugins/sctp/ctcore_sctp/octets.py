"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore_sctp.header import CHUNK, SCTP


class Octets:
    """``vtag(buf, at)`` reads the verification tag of the header at ``at``.

    ``chunk(buf, at)`` reads type, flags and length of the chunk at ``at``.
    """

    __slots__ = ()

    chunk = staticmethod(CHUNK.reader())
    vtag = staticmethod(SCTP.reader("vtag"))


octets: Final = Octets()
