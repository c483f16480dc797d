"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore_sctp.header import SCTP


class Octets:
    """``vtag(buf, at)`` reads the verification tag of the header at ``at``."""

    __slots__ = ()

    vtag = staticmethod(SCTP.reader("vtag"))


octets: Final = Octets()
