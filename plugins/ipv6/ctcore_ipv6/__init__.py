"""IPv6 for ctcore: the l3proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_ipv6.l3proto import Ipv6

__all__ = ["Ipv6"]
