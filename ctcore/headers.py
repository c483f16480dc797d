"""A construct declaration becomes a fast reader of fixed layout.

A plugin declares its header once, in whole bytes; construct parses, builds and explains it for people and tests, and
one ``struct.Struct`` derived from the declaration reads it on the packet path, at an offset, without copying.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from construct import Bytes, Computed, Construct, FormatField, Renamed

Reader = Callable[[bytes, int], tuple[Any, ...]]


class Header:
    """A header of fixed layout: integers in network order and byte strings; ``Computed`` for what is inside a byte.

    ``size`` is its length in bytes, ``fields`` the names of what the packet carries, in order. Raises TypeError for a
    declaration with any other part.
    """

    def __init__(self, declaration: Construct[Any, Any]) -> None:
        self.declaration = declaration
        self._formats: dict[str, str] = {}
        for part in getattr(declaration, "subcons", (declaration,)):
            code = _format(part)
            if code is not None:
                self._formats[part.name] = code
        self.fields = tuple(self._formats)
        self.size = struct.calcsize(">" + "".join(self._formats.values()))

    def reader(self, *names: str) -> Reader:
        """``read(buffer, offset)`` for these fields alone (all where none is named), in the order of the header.

        The reader does not check lengths: whoever calls it has made sure that ``size`` bytes are there.
        """
        wanted = names or self.fields
        unknown = [name for name in wanted if name not in self._formats]
        if unknown:
            raise TypeError(f"the header has no field {unknown[0]}")
        codes = [code if name in wanted else f"{struct.calcsize('>' + code)}x" for name, code in self._formats.items()]
        return struct.Struct(">" + "".join(codes)).unpack_from

    def parse(self, data: bytes) -> Any:
        """The header as construct sees it, computed parts too. Raises construct.ConstructError if it is too short."""
        return self.declaration.parse(data)

    def build(self, **values: Any) -> bytes:
        """The header's bytes. Raises construct.ConstructError for an impossible value, KeyError for a missing one."""
        data: bytes = self.declaration.build(values)
        return data


def _format(part: Construct[Any, Any]) -> str | None:
    inner = part.subcon if isinstance(part, Renamed) else part
    if isinstance(inner, Computed):
        return None
    if part.name and isinstance(inner, FormatField) and inner.fmtstr[:1] == ">":
        return str(inner.fmtstr[1:])
    if part.name and isinstance(inner, Bytes) and isinstance(inner.length, int):
        return f"{inner.length}s"
    raise TypeError(f"{part!r} has no place in a header of fixed layout")
