"""TCP for ctcore: the l4proto vtable."""

from ctcore_tcp.l4proto import Tcp

__all__ = ["Tcp"]
