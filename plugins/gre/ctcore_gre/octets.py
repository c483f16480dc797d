"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore_gre.header import GRE


class Octets:
    """``opening(buf, at)`` reads flags_version and protocol of the header at ``at``."""

    __slots__ = ()

    opening = staticmethod(GRE.reader("flags_version", "protocol"))


octets: Final = Octets()
