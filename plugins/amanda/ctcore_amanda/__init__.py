"""Amanda for ctcore: the helper vtable."""

from ctcore_amanda.helper import Amanda

__all__ = ["Amanda"]
