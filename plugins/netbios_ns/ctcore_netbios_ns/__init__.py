"""NetBIOS name service for ctcore: the helper vtable."""

from ctcore_netbios_ns.helper import NetbiosNs

__all__ = ["NetbiosNs"]
