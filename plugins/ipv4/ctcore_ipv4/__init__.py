"""IPv4 for ctcore: the l3proto vtable."""

from ctcore_ipv4.l3proto import Ipv4

__all__ = ["Ipv4"]
