"""Names for label bits: connlabel.conf, read as libnetfilter_conntrack reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ctcore.errors import CtcoreError

DEFAULT_PATH: Final = "/etc/xtables/connlabel.conf"
HIGHEST_BIT: Final = 1023  # the library's limit; a flow has 128

# What C's strtoul takes for a number in any base that it knows; what follows need not begin with a space.
_NUMBER: Final = re.compile(r"\s*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))", re.ASCII)
_NAME: Final = re.compile(r"[0-9A-Za-z -]+")
_SPACES: Final = " \t\n\v\f\r"


class LabelMap:
    """The names of label bits; the first line that names a bit holds, and a name belongs to one bit."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """``lines`` are a number and a name each; what is neither that nor a comment is passed over."""
        self._names: dict[int, str] = {}
        for line in lines:
            self._add(line)

    def _add(self, line: str) -> None:
        number = _NUMBER.match(line)
        if number is None:
            return
        bit, name = _value(*number.groups()), line[number.end() :].strip(_SPACES)
        taken = bit in self._names or name in self._names.values()
        if 0 <= bit <= HIGHEST_BIT and not taken and _NAME.fullmatch(name):
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


def _value(sign: str, hexadecimal: str | None, octal: str | None, decimal: str | None) -> int:
    value = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal or "0")
    return -value if sign == "-" else value
