"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore_dccp.header import DCCP


class Octets:
    """``opening(buf, at)`` reads doff, ccval_cscov and type_x of the header at ``at``."""

    __slots__ = ()

    opening = staticmethod(DCCP.reader("doff", "ccval_cscov", "type_x"))


octets: Final = Octets()
