"""PPTP for ctcore: the helper vtable."""

from ctcore_pptp.helper import Pptp

__all__ = ["Pptp"]
