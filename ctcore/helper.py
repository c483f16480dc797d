"""The helpers of a namespace, and which flows get one.

A flow has a helper only where it was given one: by a template, by the expectation that it fulfils, or by the port that
it goes to where ``assign`` said so. All of that happens while the flow is made; a confirmed flow gets none.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, NamedTuple

from ctcore.common import EXT_HELPER, Status
from ctcore.conn import Conn
from ctcore.errors import HelperError
from ctcore.extensions.helper import HelperData
from ctcore.slots import HelperSlot

if TYPE_CHECKING:
    from ctcore.netns import Net

BRINGS: Final = {6: "ctcore-tcp", 17: "ctcore-udp"}  # the distributions of the protocols that helpers work over
HELPER: Final = int(Status.HELPER)
PORT_END: Final = -4  # a packed tuple ends with the destination port, the address family and the protocol


class Assignment(NamedTuple):
    """A helper for new flows of an address family and a protocol to a port."""

    name: str
    l3num: int
    l4num: int
    port: int


class HelperTable:
    """The helpers of one namespace, one ``HelperSlot`` for each protocol that a helper works over.

    ``active``     whether any new flow may get a helper for its port: without, a flow pays nothing for helpers
    ``automatic``  nf_conntrack_helper: every helper is given to the flows to its own port, as old kernels did
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        self.helpers: list[HelperSlot] = []
        self.active = False
        self._automatic = 0
        self._defaults: dict[bytes, HelperSlot] = {}
        self._assigned: dict[bytes, HelperSlot] = {}

    @property
    def automatic(self) -> int:
        """nf_conntrack_helper."""
        return self._automatic

    @automatic.setter
    def automatic(self, value: int) -> None:
        self._automatic = value
        self.active = bool(value or self._assigned)

    def register(self, helper: HelperSlot) -> None:
        """Take a helper in."""
        self.helpers.append(helper)
        for key in self._keys(helper, helper.port):
            self._defaults.setdefault(key, helper)

    def find(self, name: str, l3num: int, l4num: int) -> HelperSlot | None:
        """The helper of this name for an address family and a protocol; one for any family has ``l3num`` 0."""
        for helper in self.helpers:
            if helper.name == name and helper.l3num in (0, l3num) and helper.l4num == l4num:
                return helper
        return None

    @property
    def assignments(self) -> list[Assignment]:
        """What was assigned, a row for each address family."""
        return [
            Assignment(helper.name, key[2], key[3], int.from_bytes(key[:2], "big"))
            for key, helper in self._assigned.items()
        ]

    def assign(self, text: str) -> None:
        """From now on give new flows to a port a helper, as a rule of the ruleset does: ``NAME[:PROTO[:PORT]]``.

        Without a port it is the helper's own, without a protocol there is an assignment for each that the helper works
        over. Raises HelperError, and then nothing was assigned.
        """
        name, *rest = text.split(":")
        found = self._named(name)
        if len(rest) > 2 or "" in rest:
            raise HelperError(f"a helper is given as NAME, NAME:PROTO or NAME:PROTO:PORT, not as {text!r}")
        if rest:
            found = self._over(rest[0], found)
        port = _port(rest[1]) if len(rest) == 2 else None
        wanted = [(helper, helper.port if port is None else port) for helper in found]
        for helper, number in wanted:
            self._check(helper, number)
        for helper, number in wanted:
            self._assigned.update(dict.fromkeys(self._keys(helper, number), helper))
        self.active = True

    def give(self, ct: Conn, tmpl: Conn | None) -> None:
        """Give a new flow that nobody expected the helper of its template, or the one that its port asks for."""
        data = tmpl.ext_find(EXT_HELPER) if tmpl is not None else None
        place = ct.original[PORT_END:]
        helper = data.helper if data is not None else self._assigned.get(place)
        if helper is not None:
            attach(ct, helper)
            ct.status |= HELPER
        elif self._automatic:
            helper = self._defaults.get(place)
            if helper is not None:
                attach(ct, helper)

    def _named(self, name: str) -> list[HelperSlot]:
        found = [helper for helper in self.helpers if helper.name == name]
        if found:
            return found
        for info in self.net.registry.plugins:
            if (info.kind, info.name) == ("helper", name) and info.problem is not None:
                raise HelperError(
                    f"no flow can have the helper {name}: its plugin is left out (ctcore plugins says why)"
                )
        names = sorted({helper.name for helper in self.helpers})
        near = difflib.get_close_matches(name, names, 1)
        there = (
            f"there are {', '.join(names)}" if names else f"no helper is installed: pip install ctcore-{name or 'ftp'}"
        )
        raise HelperError(f"no helper is named {name!r}: " + (f"did you mean {near[0]}?" if near else there))

    def _over(self, protocol: str, helpers: list[HelperSlot]) -> list[HelperSlot]:
        found = [helper for helper in helpers if self._protocol(helper) == protocol.lower()]
        if not found:
            works = " and ".join(self._protocol(helper) for helper in helpers)
            raise HelperError(f"the helper {helpers[0].name} works over {works}, not over {protocol!r}")
        return found

    def _check(self, helper: HelperSlot, port: int) -> None:
        """Raises HelperError where flows of the helper's protocol have no ports, or a port has a helper already."""
        if self.net.l4protos[helper.l4num] is self.net.generic:
            bring = BRINGS.get(helper.l4num)
            raise HelperError(
                f"the helper {helper.name} needs a plugin for protocol {helper.l4num}, and none is loaded"
                + (f": pip install {bring}" if bring else "")
            )
        for key in self._keys(helper, port):
            other = self._assigned.get(key, helper)
            if other is not helper:
                raise HelperError(f"{self._protocol(helper)} port {port} has the helper {other.name} already")

    def _protocol(self, helper: HelperSlot) -> str:
        return self.net.l4protos[helper.l4num].name

    def _keys(self, helper: HelperSlot, port: int) -> list[bytes]:
        """The ends of the packed tuples that go to a port, one for each address family that the helper knows."""
        families = (l3.l3num for l3 in self.net.l3protos.values())
        return [
            port.to_bytes(2, "big") + bytes((l3num, helper.l4num)) for l3num in families if helper.l3num in (0, l3num)
        ]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 0xFFFF):
        raise HelperError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def attach(ct: Conn, helper: HelperSlot) -> HelperData:
    """Give an unconfirmed flow a helper. Raises ValueError for a confirmed flow."""
    data: HelperData = ct.ext_add(EXT_HELPER, HelperData(helper))
    return data
