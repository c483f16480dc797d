"""DCCP for ctcore, as the kernels tracked it that did: the l4proto vtable."""

from ctcore_dccp.l4proto import Dccp

__all__ = ["Dccp"]
