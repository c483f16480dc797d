"""SANE for ctcore: the helper vtable."""

from ctcore_sane.helper import Sane

__all__ = ["Sane"]
