"""The typed façades for plugin authors: what an object must have to be a plugin of each kind.

Every further hook of ``ctcore.hookspecs`` is optional. Hooks are marked with the marker of their vtable (``@l4proto``)
and may take fewer arguments than shown, so these classes name the data alone and what it is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ctcore.expect import ExpectPolicy


@runtime_checkable
class L3Proto(Protocol):
    """A network layer protocol: ``l3num`` is the address family, ``ethertype`` what link layers call it."""

    name: str
    l3num: int
    ethertype: int


@runtime_checkable
class L4Proto(Protocol):
    """A transport protocol: ``l4num`` is the IP protocol number."""

    name: str
    l4num: int


@runtime_checkable
class Helper(Protocol):
    """A helper: address family (0: any), protocols and port that it listens on, and its classes of expectations."""

    name: str
    l3num: int
    port: int

    @property
    def l4num(self) -> int | tuple[int, ...]:
        """One IP protocol number, or several."""

    @property
    def policies(self) -> Sequence[ExpectPolicy]:
        """The classes of expectations, which a setting may change."""


@runtime_checkable
class Extension(Protocol):
    """An extension type."""

    name: str


@runtime_checkable
class Observer(Protocol):
    """A tool that watches every flow."""

    name: str
