"""UDP for ctcore: the l4proto vtable."""

from ctcore_udp.l4proto import Udp

__all__ = ["Udp"]
