"""Settings under the kernel's own names: declared by the core and by plugins, kept per namespace."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from ctcore.errors import SysctlError

NETFILTER: Final = "net.netfilter."
SECOND: Final = 1_000_000_000  # nanoseconds
INT_MAX: Final = 2**31 - 1
U32_MAX: Final = 2**32 - 1
U64_MAX: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Sysctl:
    """One setting: where its value lives on the object that declared it, and what it may be.

    ``name``        the kernel's name: below ``net.netfilter`` as it stands, else dotted from ``net`` on; the parameter
                    of a kernel module as ``MODULE.PARAMETER``
    ``default``     in ``unit``
    ``attribute``   the owner's attribute that holds the value, times ``scale``; dotted for a part of the owner
    ``index``       the place in that attribute, where it is a list
    ``read_only``   true for what can be read but not set
    ``floor``       the full name of another setting, below which this one cannot be set
    ``ceiling``     one above which this one cannot be set
    """

    name: str
    default: int
    attribute: str
    doc: str
    index: int | None = None
    unit: str = ""
    minimum: int = 0
    maximum: int = INT_MAX
    scale: int = 1
    read_only: bool = False
    floor: str = ""
    ceiling: str = ""

    @property
    def path(self) -> str:
        """The full dotted name."""
        return self.name if "." in self.name else NETFILTER + self.name

    @property
    def key(self) -> str:
        """The last part of the name: what people type."""
        return self.path.rpartition(".")[2] if self.path.startswith("net.") else self.path

    def read(self, owner: Any) -> int:
        """The value in ``unit``, from the object that declared the sysctl."""
        place = attrgetter(self.attribute)(owner)
        value: int = place if self.index is None else place[self.index]
        return value // self.scale

    def write(self, owner: Any, value: int) -> None:
        """Store a value (in ``unit``) on the object that declared the sysctl."""
        parent, _, attribute = self.attribute.rpartition(".")
        holder = attrgetter(parent)(owner) if parent else owner
        if self.index is None:
            setattr(holder, attribute, value * self.scale)
        else:
            getattr(holder, attribute)[self.index] = value * self.scale


def timeout(name: str, default: int, attribute: str, doc: str, index: int | None = None) -> Sysctl:
    """A timeout: whole seconds outside, nanoseconds where it is kept."""
    return Sysctl(name, default, attribute, doc, index, "seconds", 0, U32_MAX, SECOND)


def switch(name: str, default: int, attribute: str, doc: str) -> Sysctl:
    """A setting that is 0 or 1."""
    return Sysctl(name, default, attribute, doc, None, "", 0, 1)


class Sysctls(Mapping[str, int]):
    """A namespace's settings: a mapping from full name to value; names may be given short or with slashes."""

    def __init__(self) -> None:
        self._declared: dict[str, tuple[Sysctl, Any]] = {}
        self._short: dict[str, str] = {}

    def declare(self, owner: Any, sysctl: Sysctl) -> None:
        """Add a setting and give it its default. Raises SysctlError where the name is taken."""
        if sysctl.path in self._declared:
            raise SysctlError(f"sysctl {sysctl.path} is declared twice")
        self._declared[sysctl.path] = (sysctl, owner)
        self._short[sysctl.key] = sysctl.path
        if not sysctl.read_only:
            sysctl.write(owner, sysctl.default)

    def declare_all(self, owner: Any, sysctls: Iterable[Sysctl]) -> None:
        """``declare`` for each of an owner's settings."""
        for sysctl in sysctls:
            self.declare(owner, sysctl)

    def find(self, name: str) -> Sysctl:
        """The declaration behind a name. Raises SysctlError for an unknown one, with the nearest known name."""
        return self._find(name)[0]

    def _find(self, name: str) -> tuple[Sysctl, Any]:
        dotted = name.replace("/", ".")
        path = self._short.get(dotted.removeprefix("net."), dotted)  # net.nf_conntrack_max is one of them
        if path not in self._declared:
            near = difflib.get_close_matches(dotted.rpartition(".")[2], self._short, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SysctlError(f"unknown sysctl {name}{hint}")
        return self._declared[path]

    def __getitem__(self, name: str) -> int:
        sysctl, owner = self._find(name)
        return sysctl.read(owner)

    def __setitem__(self, name: str, value: int) -> None:
        """Set a value (in the sysctl's unit). Raises SysctlError where it is unknown, read-only or out of range."""
        sysctl, owner = self._find(name)
        if sysctl.read_only:
            raise SysctlError(f"sysctl {sysctl.path} can only be read")
        least = max(sysctl.minimum, self[sysctl.floor]) if sysctl.floor else sysctl.minimum
        most = min(sysctl.maximum, self[sysctl.ceiling]) if sysctl.ceiling else sysctl.maximum
        if not least <= value <= most:
            raise SysctlError(
                f"sysctl {sysctl.path} cannot be {value}: it must be from {least} to {most}"
                + (f" {sysctl.unit}" if sysctl.unit else "")
            )
        sysctl.write(owner, value)

    def set_text(self, assignment: str) -> None:
        """Carry out ``name=value`` as a person typed it. Raises SysctlError."""
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise SysctlError(f"a sysctl is set as NAME=VALUE, not {assignment!r}")
        try:
            value = int(text.strip(), 10)
        except ValueError:
            raise SysctlError(f"sysctl {name.strip()} needs a whole number, not {text.strip()!r}") from None
        self[name.strip()] = value

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._declared))

    def __len__(self) -> int:
        return len(self._declared)
