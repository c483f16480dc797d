"""SCTP for ctcore: the l4proto vtable."""

from ctcore_sctp.l4proto import Sctp

__all__ = ["Sctp"]
