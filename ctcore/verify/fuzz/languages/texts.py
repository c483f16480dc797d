"""Writing messages: right as a rule, wrong here and there, and in some messages everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from ctcore.verify.fuzz.languages import PORTS, Ends

_ODD_HOSTS: Final = (
    *(b"192.0.2.7", b"0.0.0.0", b"10.0.1.256", b"10.0.1", b"010.0.01.02", b"10..1.2", b"1", b"host", b"", b"[::1]"),
    *(b"[10.0.1.2]", b"2001:db8::1", b"[2001:db8::1", b"[1:2:3:4:5:6:7:8:9]", b"[fd01::2]"),
)
_TAILS: Final = (b".", b"a", b"g", b"-", b":", b"\xff", b"[", b"]", b"\0")
_ODD_PORTS: Final = (
    *(b"0", b"1", b"1023", b"65536", b"70000", b"99999", b"100000", b"4294967295", b"4294967296", b""),
    *(b"x", b"-1", b"5004x", b"05060", b"005060", b"00000000001", b"000000000005"),
)
_HIGH_PORTS: Final = tuple(port for port in PORTS if port >= 1024)


def bracketed(host: str) -> bytes:
    """An address as it stands before a port: that of IPv6 in brackets."""
    return f"[{host}]".encode() if ":" in host else host.encode()


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes one message (``ends`` has the sender first), and how wildly: not at all with 0."""

    rng: Random
    ends: Ends
    wild: float

    def maybe(self, chance: float) -> bool:
        """Whether something that may be so is so, by this chance."""
        return self.rng.random() < chance

    def any(self, texts: Sequence[bytes]) -> bytes:
        """One of them, all alike."""
        return self.rng.choice(texts)

    def odd(self, chance: float, texts: Sequence[bytes], usual: bytes = b"") -> bytes:
        """What is usual; where the pen is wild, by this chance one of the others."""
        return self.rng.choice(texts) if self.rng.random() < chance * self.wild else usual

    def host(self) -> bytes:
        """The address of one of the ends, that of the sender as a rule."""
        return self._written(self._end().encode())

    def place(self) -> bytes:
        """The same as URIs have it: an IPv6 address is in brackets, as a rule."""
        end = self._end()
        return self._written(self.odd(0.1, (end.encode(),), bracketed(end)))

    def _end(self) -> str:
        return self.ends.server if self.maybe(0.1) else self.ends.client

    def _written(self, host: bytes) -> bytes:
        return self.odd(0.15, _ODD_HOSTS, host) + self.odd(0.05, _TAILS)

    def port(self) -> bytes:
        """A port that is none of the privileged ones, as a rule."""
        return self.odd(0.25, _ODD_PORTS, b"%d" % self.rng.choice(_HIGH_PORTS))
