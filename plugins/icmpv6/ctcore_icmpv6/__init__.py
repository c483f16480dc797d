"""ICMPv6 for ctcore: the l4proto vtable."""

from ctcore_icmpv6.l4proto import Icmpv6

__all__ = ["Icmpv6"]
