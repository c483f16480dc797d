"""GRE for ctcore: the l4proto vtable, and the key map that a PPTP helper fills."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_gre.keymap import KeyMap
from ctcore_gre.l4proto import Gre

__all__ = ["Gre", "KeyMap"]
