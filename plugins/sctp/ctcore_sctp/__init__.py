"""SCTP for ctcore: the l4proto vtable."""

import ctcore  # noqa: F401 - it decides which build the modules of this package are of
from ctcore_sctp.l4proto import Sctp

__all__ = ["Sctp"]
