"""SIP for ctcore: the helper vtable."""

from ctcore_sip.helper import Sip

__all__ = ["Sip"]
