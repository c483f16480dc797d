"""UDP-Lite for ctcore: the l4proto vtable."""

from ctcore_udplite.l4proto import UdpLite

__all__ = ["UdpLite"]
