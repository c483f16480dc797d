"""IRC for ctcore: the helper vtable."""

from ctcore_irc.helper import Irc

__all__ = ["Irc"]
