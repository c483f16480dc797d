"""ICMP for ctcore: the l4proto vtable."""

from ctcore_icmp.l4proto import Icmp

__all__ = ["Icmp"]
