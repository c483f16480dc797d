"""TFTP for ctcore: the helper vtable."""

from ctcore_tftp.helper import Tftp

__all__ = ["Tftp"]
