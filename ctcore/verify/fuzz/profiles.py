"""The profiles: kinds of traffic by name, each an endless stream of packets from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Final

from ctcore.verify.fuzz import datagram, fragment, helped, icmp, tcp, tunnel
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4
from ctcore.verify.fuzz.ip6 import V6

Stream = Iterator[bytes]


def _together(rng: Random, family: Family) -> Stream:
    """All transport protocols, for what happens to any packet."""
    streams = (
        tcp.traffic(rng, family),
        datagram.traffic(rng, family),
        datagram.others(rng, family),
        icmp.traffic(rng, datagram.traffic(rng, family), family),
    )
    while True:
        yield next(rng.choice(streams))


def _errors(rng: Random, family: Family) -> Stream:
    """ICMP among packets of every kind."""
    streams = (tcp.traffic(rng, family), datagram.traffic(rng, family), datagram.others(rng, family))

    def others() -> Stream:
        while True:
            yield next(rng.choice(streams))

    return icmp.traffic(rng, others(), family)


def _options(rng: Random, family: Family) -> Stream:
    return (family.disturbed(rng, packet) for packet in _together(rng, family))


def _fragments(rng: Random, family: Family) -> Stream:
    return fragment.traffic(rng, (family.prepared(rng, packet) for packet in _together(rng, family)), family)


def _mixed(rng: Random, family: Family) -> Stream:
    """Everything at once."""
    errors = _errors(rng, family)
    for packet in fragment.traffic(rng, errors, family) if rng.random() < 0.3 else errors:
        yield family.disturbed(rng, packet) if packet and rng.random() < 0.1 else packet


def _sctp(rng: Random, family: Family) -> Stream:
    """Imported when it is wanted: packets of SCTP need the library that the plugin for SCTP brings."""
    from ctcore.verify.fuzz import sctp

    return sctp.traffic(rng, family)


def _sctp_close(rng: Random, family: Family) -> Stream:
    from ctcore.verify.fuzz import sctp

    return sctp.closing(rng, family)


_KINDS: Final[dict[str, Callable[[Random, Family], Stream]]] = {
    "tcp": tcp.traffic,
    "tcp-close": tcp.closing,
    "udp": datagram.traffic,
    "generic": datagram.others,
    "icmp": _errors,
    "frag": _fragments,
    "options": _options,
    "mixed": _mixed,
    "sctp": _sctp,
    "sctp-close": _sctp_close,
    "gre": tunnel.tunnels,
    "udplite": tunnel.lite,
}


def _over(family: Family, kind: Callable[[Random, Family], Stream]) -> Callable[[Random], Stream]:
    """A kind of traffic in an address family."""
    return lambda rng: kind(rng, family)


_OVER_IPV6: Final = {f"{name}6": _over(V6, kind) for name, kind in _KINDS.items()}

PROFILES: Final[dict[str, Callable[[Random], Stream]]] = {
    **{name: _over(V4, kind) for name, kind in _KINDS.items()},
    **_OVER_IPV6,
}
"""Each kind over IPv4 and, with a 6 behind its name, over IPv6, where options are extension headers."""


_HELPED6: Final = {f"{name}6": language for name, language in helped.LANGUAGES.items() if language.ipv6}

HELPED: Final[dict[str, Callable[[Random], Stream]]] = {
    **{name: helped.traffic(language) for name, language in helped.LANGUAGES.items()},
    **{name: helped.traffic(language, V6) for name, language in _HELPED6.items()},
}
"""The profiles of flows with a helper, each named like it, or like it and its protocol; over IPv6 with a 6 behind."""

EVERY: Final = {**PROFILES, **HELPED}
"""All profiles."""


def ethertype_of(profile: str) -> int:
    """What the packets of a profile are."""
    return (V6 if profile in _OVER_IPV6 or profile in _HELPED6 else V4).ethertype


def helpers_of(profile: str) -> tuple[str, ...]:
    """The helpers that new flows of a profile are given."""
    if profile in _HELPED6:
        return (_HELPED6[profile].helper,)
    return (profile,) if profile in HELPED else ()


def packets_of(profile: str, seed: int, number: int, count: int) -> list[bytes]:
    """The packets of one round: the same for the same arguments, on any machine."""
    return list(islice(EVERY[profile](Random(f"{profile} {seed} {number}")), count))
