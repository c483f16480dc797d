"""Names for label bits: connlabel.conf, read as libnetfilter_conntrack reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ctcore.errors import CtcoreError

DEFAULT_PATH: Final = "/etc/xtables/connlabel.conf"
HIGHEST_BIT: Final = 128  # one more than a flow has: the library takes it, and nothing ever shows it

# A number as C's strtoul takes it, then the name; "0x" without a digit is the number 0 and a name.
_LINE: Final = re.compile(
    r"\s*\+?(0[xX][0-9a-fA-F]+|[0-9]+)\s*([0-9A-Za-z]+(?: +[0-9A-Za-z]+)*)\s*", re.ASCII
)


class LabelMap:
    """The names of label bits; the first line that names a bit holds, and a name belongs to one bit."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """``lines`` are a number and a name each; what is neither that nor a comment is passed over."""
        self._names: dict[int, str] = {}
        for line in lines:
            self._add(line)

    def _add(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            return
        bit, name = _number(match[1]), match[2]
        if bit <= HIGHEST_BIT and bit not in self._names and name not in self._names.values():
            self._names[bit] = name

    @classmethod
    def load(cls, path: str = DEFAULT_PATH) -> LabelMap | None:
        """Read a file; None where the default one does not exist.

        Raises CtcoreError for another file that does not exist, and for one that cannot be read.
        """
        try:
            text = Path(path).read_text(encoding="latin-1")
        except FileNotFoundError:
            if path == DEFAULT_PATH:
                return None
            raise CtcoreError(f"the label file {path} does not exist") from None
        except OSError as error:
            raise CtcoreError(f"the label file {path} cannot be read: {error.strerror}") from None
        return cls(text.split("\n"))

    def names(self, bits: int) -> Iterator[str]:
        """The names of the bits that are set, lowest first; a bit without a name is passed over."""
        return (name for bit, name in sorted(self._names.items()) if bits >> bit & 1)


def _number(digits: str) -> int:
    """A number as C writes it: hexadecimal behind 0x, octal behind 0 (up to the first digit that is none)."""
    if digits[:2] in ("0x", "0X"):
        return int(digits, 16)
    return int(digits, 8 if digits[0] == "0" else 10)
