"""SNMP for ctcore: the helper vtable."""

from ctcore_snmp.helper import Snmp

__all__ = ["Snmp"]
