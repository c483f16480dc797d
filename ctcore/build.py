"""Which build of the packet path runs: compiled, or plain Python.

Both have the same source. Where a module was compiled its extension lies beside it and is imported in its place, unless
CTCORE_PURE=1 is in the environment. Core and plugins share C structures, so where the core is plain, its plugins are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Final

HERE: Final = os.path.dirname(__file__)


def _is_compiled() -> bool:
    if os.environ.get("CTCORE_PURE", "") not in ("", "0"):
        return False
    return any(os.path.exists(os.path.join(HERE, f"conn{suffix}")) for suffix in EXTENSION_SUFFIXES)


COMPILED: Final = _is_compiled()


class PlainFinder:
    """Finds the source of ctcore's modules and of its plugins', whatever lies beside it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's source, or None for other packages and for what has no source."""
        package = fullname.partition(".")[0]
        if path is None or (package != "ctcore" and not package.startswith("ctcore_")):
            return None
        for entry in path:
            spec = FileFinder(entry, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)
            if spec is not None:
                return spec
        return None


if not COMPILED:
    sys.meta_path.insert(0, PlainFinder())
