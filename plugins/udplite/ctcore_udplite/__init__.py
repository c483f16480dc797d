"""UDP-Lite for ctcore: the l4proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_udplite.l4proto import UdpLite

__all__ = ["UdpLite"]
