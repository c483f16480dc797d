"""What every datagram's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore_udplite.header import UDPLITE


class Octets:
    """``coverage(buf, at)`` reads coverage and check of the header at ``at``."""

    __slots__ = ()

    coverage = staticmethod(UDPLITE.reader("coverage", "check"))


octets: Final = Octets()
