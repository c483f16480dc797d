"""ICMPv6 for ctcore: the l4proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_icmpv6.l4proto import Icmpv6

__all__ = ["Icmpv6"]
