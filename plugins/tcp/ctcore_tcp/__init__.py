"""TCP for ctcore: the l4proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_tcp.l4proto import Tcp

__all__ = ["Tcp"]
