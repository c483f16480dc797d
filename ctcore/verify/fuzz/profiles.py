"""The profiles: kinds of traffic by name, each an endless stream of packets from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Final

from ctcore.verify.fuzz import datagram, fragment, helped, icmp, ip, tcp, tunnel

Stream = Iterator[bytes]


def _together(rng: Random) -> Stream:
    """All transport protocols, for what happens to any packet."""
    streams = (tcp.traffic(rng), datagram.traffic(rng), datagram.others(rng), icmp.traffic(rng, datagram.traffic(rng)))
    while True:
        yield next(rng.choice(streams))


def _errors(rng: Random) -> Stream:
    """ICMP among packets of every kind."""
    streams = (tcp.traffic(rng), datagram.traffic(rng), datagram.others(rng))

    def others() -> Stream:
        while True:
            yield next(rng.choice(streams))

    return icmp.traffic(rng, others())


def _options(rng: Random) -> Stream:
    return (ip.disturbed(rng, packet) for packet in _together(rng))


def _fragments(rng: Random) -> Stream:
    return fragment.traffic(rng, _together(rng))


def _mixed(rng: Random) -> Stream:
    """Everything at once."""
    for packet in fragment.traffic(rng, _errors(rng)) if rng.random() < 0.3 else _errors(rng):
        yield ip.disturbed(rng, packet) if packet and rng.random() < 0.1 else packet


def _sctp(rng: Random) -> Stream:
    """Imported when it is wanted: packets of SCTP need the library that the plugin for SCTP brings."""
    from ctcore.verify.fuzz import sctp

    return sctp.traffic(rng)


def _sctp_close(rng: Random) -> Stream:
    from ctcore.verify.fuzz import sctp

    return sctp.closing(rng)


PROFILES: Final[dict[str, Callable[[Random], Stream]]] = {
    "tcp": tcp.traffic,
    "tcp-close": tcp.closing,
    "sctp": _sctp,
    "sctp-close": _sctp_close,
    "gre": tunnel.tunnels,
    "udplite": tunnel.lite,
    "udp": datagram.traffic,
    "generic": datagram.others,
    "icmp": _errors,
    "frag": _fragments,
    "options": _options,
    "mixed": _mixed,
}


HELPED: Final[dict[str, Callable[[Random], Stream]]] = {
    name: helped.traffic(language) for name, language in helped.LANGUAGES.items()
}
"""The profiles of flows with a helper, each named like it."""


def packets_of(profile: str, seed: int, number: int, count: int) -> list[bytes]:
    """The packets of one round: the same for the same arguments, on any machine."""
    return list(islice({**PROFILES, **HELPED}[profile](Random(f"{profile} {seed} {number}")), count))
