"""Flows with a helper: conversations in its language, split, repeated and damaged, and flows to what they announce."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.testing.packets import TCP
from ctcore.testing.tunnels import GRE, pptp_gre
from ctcore.verify.fuzz import icmp
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4
from ctcore.verify.fuzz.languages import (
    OTHERS,
    OTHERS6,
    PORTS,
    Ends,
    Language,
    amanda,
    changed,
    ftp,
    irc,
    pptp,
    sane,
    sip,
    tftp,
)
from ctcore.verify.fuzz.languages.pptp import CALLS
from ctcore.verify.fuzz.opening import STARTS
from ctcore.verify.fuzz.segment import ACK, FIN, PSH, RST, SYN, U32, End

SOURCES: Final = (1000, 1001, 40000)

LANGUAGES: Final[dict[str, Language]] = {
    language.helper: language
    for language in (
        *(module.LANGUAGE for module in (ftp, tftp, irc, amanda, sane, pptp)),
        *(sip.OVER_UDP, sip.OVER_TCP),
    )
}


def traffic(language: Language, family: Family = V4) -> Callable[[Random], Iterator[bytes]]:
    """A profile: packets without end, from a seed."""

    def packets(rng: Random) -> Iterator[bytes]:
        quiet = _traffic(rng, language, family)
        return icmp.traffic(rng, quiet, family) if rng.random() < 0.2 else quiet

    return packets


def _hosts(family: Family) -> tuple[str, ...]:
    return (*family.hosts[:3], (OTHERS if family is V4 else OTHERS6)[0])


def _traffic(rng: Random, language: Language, family: Family) -> Iterator[bytes]:
    damage = rng.choice((0, 0.05, 0.2, 0.5))
    kind = _Stream if language.l4num == TCP else _Datagrams
    talks = [kind(rng, language, family, damage) for _ in range(rng.randint(1, 3))]
    while True:
        if rng.random() < 0.2:
            yield from _announced(rng, language, family, rng.choice(talks).ends)
        elif rng.random() < 0.03:
            talks[rng.randrange(len(talks))] = kind(rng, language, family, damage)
        else:
            yield from rng.choice(talks).turn()


def _announced(rng: Random, language: Language, family: Family, ends: Ends) -> Iterator[bytes]:
    """Flows to some of the ports that announcements name, between the same hosts as a rule, some with an answer."""
    pair = (ends.client, ends.server) if rng.random() < 0.9 else _hosts(family)
    for _ in range(rng.randint(1, 4)):
        one, other = rng.sample(pair, 2)
        ip, sport = family.between(one, other), rng.choice((*SOURCES, *PORTS))
        dport = rng.choice(PORTS if rng.random() < 0.8 else SOURCES)
        answered = rng.random() < 0.4
        if language.expected == TCP:
            yield ip.tcp(sport, dport, "S", 100)
            if answered:
                yield ip.back.tcp(dport, sport, "SA", 900, 101)
        elif language.expected == GRE:
            yield ip.packet(GRE, pptp_gre(rng.choice(CALLS), b"data"))
            if answered:
                yield ip.back.packet(GRE, pptp_gre(rng.choice(CALLS), b"data"))
        else:
            yield ip.udp(sport, dport, b"data")
            if answered:
                yield ip.back.udp(dport, sport, b"data")


class _Talk:
    """A conversation; ``turn`` is what happens next."""

    def __init__(self, rng: Random, language: Language, family: Family, damage: float) -> None:
        self.rng = rng
        self.language = language
        self.damage = damage
        one, other = rng.sample(_hosts(family), 2)
        self.ends = Ends(one, other)
        self.ip = family.between(one, other)
        self.sport = rng.choice(SOURCES)

    def turn(self) -> Iterator[bytes]:
        raise NotImplementedError

    def say(self) -> tuple[int, bytes]:
        direction, data = self.language.say(self.rng, self.ends)
        return direction, changed(self.rng, data) if self.rng.random() < self.damage else data


class _Datagrams(_Talk):
    def turn(self) -> Iterator[bytes]:
        direction, data = self.say()
        port = self.language.port
        yield self.ip.back.udp(port, self.sport, data) if direction else self.ip.udp(self.sport, port, data)


class _Stream(_Talk):
    def __init__(self, rng: Random, language: Language, family: Family, damage: float) -> None:
        super().__init__(rng, language, family, damage)
        self.sides = End(self.ip, self.sport), End(self.ip.back, language.port)
        a, b = self.sides
        a.peer, b.peer = b, a
        self.open = False

    def turn(self) -> Iterator[bytes]:
        rng = self.rng
        if not self.open:
            self.open = True
            return self._handshake()
        if rng.random() < 0.03:
            self.open = False
            end = rng.choice(self.sides)
            return iter([end.segment(rng.choice((FIN | ACK, RST, RST | ACK))).packet()])
        return self._lines()

    def _handshake(self) -> Iterator[bytes]:
        for end in self.sides:
            isn = self.rng.choice((*STARTS, self.rng.getrandbits(32)))
            end.begin(isn, 65535, self.rng.choice((None, 7)), True, self.rng.choice((None, 5)))
        a, b = self.sides
        for end, flags in ((a, SYN), (b, SYN | ACK), (a, ACK)):
            yield end.segment(flags).packet()
        if self.rng.random() < 0.8:  # so that the next line of either side begins where one ended
            for end in self.sides:
                yield end.segment(ACK | PSH, b"hello\r\n").packet()

    def _lines(self) -> Iterator[bytes]:
        """A payload, as one segment or as two; again, or out of order, where the network does that."""
        rng = self.rng
        direction, data = self.say()
        end = self.sides[direction]
        cut = rng.randrange(len(data) + 1) if rng.random() < 0.2 else len(data)
        segments = [end.segment(ACK | PSH, part) for part in (data[:cut], data[cut:]) if part]
        if rng.random() < 0.1:
            segments.reverse()
        for segment in segments:
            yield segment.packet()
            if rng.random() < 0.15:
                yield segment.packet()
        if rng.random() < 0.1:  # as though the last line had never come
            end.next = (end.next - len(data)) % U32
        if rng.random() < 0.5:
            yield end.peer.segment(ACK).packet()
