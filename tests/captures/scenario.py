"""What a scenario is, and the list that the scenario modules fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab import Network
from wire import Handling


@dataclass(frozen=True)
class Scenario:
    """One capture: its file, what it shows, the traffic, the network it runs in and where it is recorded."""

    file: str
    shows: str
    traffic: Callable[[Network], None]
    middle: str
    handling: Callable[[], Handling] | None
    interface: str
    options: tuple[str, ...]
    ipv6: bool

    @property
    def recorded(self) -> str:
        """The tcpdump options that matter to a reader, for the table in README.md."""
        command = " ".join(("tcpdump", "-i", self.interface, *self.options))
        return f"`{command}`" + (f" and `editcap -F {self.format}`" if self.format != "pcap" else "")

    @property
    def format(self) -> str:
        """The file format: what follows the dot."""
        return self.file.rpartition(".")[2]


SCENARIOS: list[Scenario] = []


def scenario(
    file: str,
    shows: str = "",
    *,
    middle: str = "veth",
    handling: Callable[[], Handling] | None = None,
    interface: str = "eth0",
    options: tuple[str, ...] = (),
    ipv6: bool = False,
) -> Callable[[Callable[[Network], None]], Callable[[Network], None]]:
    """Register a function that makes traffic in a `Network` as the scenario of one capture file.

    What it shows is the function's docstring, unless given. Stacked, the lowest decorator's file comes first.
    """

    def register(traffic: Callable[[Network], None]) -> Callable[[Network], None]:
        text = shows or " ".join((traffic.__doc__ or "").split())
        SCENARIOS.append(Scenario(file, text, traffic, middle, handling, interface, options, ipv6))
        return traffic

    return register
