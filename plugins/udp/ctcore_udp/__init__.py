"""UDP for ctcore: the l4proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_udp.l4proto import Udp

__all__ = ["Udp"]
