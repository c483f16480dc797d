"""DCCP for ctcore, as the kernels tracked it that did: the l4proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_dccp.l4proto import Dccp

__all__ = ["Dccp"]
