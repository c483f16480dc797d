"""IPv6 for ctcore: the l3proto vtable."""

from ctcore_ipv6.l3proto import Ipv6

__all__ = ["Ipv6"]
