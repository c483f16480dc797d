"""The table is full, in the kernel and in ctcore: who may enter, who has to go, and which counters tell of it.

Which flows share a bucket is the kernel's secret. So where flows may be given up, the rules and the rates are compared;
where none may, every field of every packet.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import exp, sqrt
from typing import TypeVar

import pytest

from ctcore.errors import CtcoreError
from ctcore.testing.packets import UDP, IPv4, payload_of
from ctcore.verify import machine
from ctcore.verify.machine import Alone
from ctcore.verify.sidebyside import FullComparison
from ctcore.verify.sides import opened
from tests.live.crowd import (
    ASSURED,
    NEWCOMER,
    SERVER,
    SPARE,
    UNHURRIED,
    CollectorCameError,
    Crowd,
    Effect,
    Told,
    check_collector,
    hosts,
    segment,
)

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")]

UNASSURED = dict.fromkeys(SPARE, 300)
STEADY = {**dict.fromkeys(ASSURED, 80), "udp stream": 700, "ESTABLISHED": 900}
"""Flows of a full table: two thousand, more than others are likely to have; the maximum is theirs for a moment, too."""
NEWCOMERS = 900
SIGMAS = 5

Found = TypeVar("Found")


@pytest.fixture
def alone() -> Iterator[Alone]:
    with Alone() as found:
        yield found


def newcomer(number: int) -> IPv4:
    return IPv4(f"172.16.{number >> 8}.{number & 255}", SERVER)


def newcomers(first: int, many: int) -> list[bytes]:
    """First packets of new flows, of four protocols in turn."""
    makers: tuple[Callable[[IPv4], bytes], ...] = (
        lambda ip: ip.udp(1000, 53),
        lambda ip: ip.tcp(40000, 80, "S", 1000),
        lambda ip: ip.echo(7),
        lambda ip: ip.packet(99, b"x"),
    )
    return [makers[number % 4](newcomer(number)) for number in range(first, first + many)]


def with_crowd(alone: Alone, what: Callable[[Crowd], Found]) -> Found:
    """Once more where the kernel's collector happened to go round."""
    for _ in range(5):
        with opened(UNHURRIED) as kernel:
            try:
                return what(Crowd(alone, kernel))
            except CollectorCameError:
                continue
    pytest.fail("the kernel's collector came every time")  # no AssertionError, which planted faults have to raise


def check_rate(found: Effect, spare: float, buckets: int) -> None:
    """Of eight buckets one has to have a flow to spare: each flow is in two, at random."""
    chance = 1 - exp(-8 * 2 * spare / buckets)
    expected = chance * found.tried
    assert abs(found.entered - expected) < SIGMAS * sqrt(expected * (1 - chance))


def press(crowd: Crowd, kinds: dict[str, int], less: int = 0, wrong: int = 0) -> tuple[Effect, Effect]:
    """Fill the tables, and send newcomers to them under a maximum that is ``less`` than what is there."""
    count = crowd.fill(kinds)
    with crowd.maximum(count - less, wrong):
        told = crowd.send(newcomers(0, NEWCOMERS))
    both = crowd.effects(told, -less)
    spare = sum(many for kind, many in kinds.items() if kind in SPARE)
    for found, now in zip(both, (crowd.kernel.count(), crowd.own.net.table.count), strict=True):
        assert now == count + NEWCOMERS - found.refused - sum(found.evicted.values())
        assert now <= count
        check_rate(found, spare, crowd.buckets)
    return both


@pytest.mark.parametrize("kinds", [UNASSURED, {**dict.fromkeys(SPARE, 150), **STEADY}], ids=["all unassured", "mixed"])
@pytest.mark.parametrize("less", [0, 100], ids=["just full", "fuller than allowed"])
def test_flows_that_are_not_assured_make_room(alone: Alone, kinds: dict[str, int], less: int) -> None:
    for found in with_crowd(alone, lambda crowd: press(crowd, kinds, less)):
        assert set(found.evicted) <= {*SPARE, NEWCOMER}
        assert found.refused > 0
        if kinds is UNASSURED:
            assert set(SPARE) <= set(found.evicted)


@pytest.mark.parametrize("fault", ["a fourth of the buckets", "room for one more"])
def test_a_planted_fault_is_found(alone: Alone, fault: str) -> None:
    def press_wrongly(crowd: Crowd) -> None:
        if fault == "room for one more":
            press(crowd, UNASSURED, wrong=1)
        else:
            crowd.own.net.sysctl["nf_conntrack_buckets"] = crowd.buckets // 4
            press(crowd, UNASSURED)

    with pytest.raises(AssertionError):
        with_crowd(alone, press_wrongly)


def in_pieces(ip: IPv4) -> list[bytes]:
    """A datagram in three fragments."""
    return replace(ip, ident=1).fragments(UDP, payload_of(ip.udp(1000, 53, bytes(16))), [8, 16])


def guests() -> list[bytes]:
    """What comes to a table full of assured flows, beside what would open one."""
    known, stream, closed = hosts("ESTABLISHED", 1), hosts("udp stream", 1), hosts("TIME_WAIT", 1)
    stranger = newcomer(60000)
    return [
        *newcomers(0, 40),
        segment(known, "c", "PA", 1, 1, data=b"data"),
        stream.back.udp(53, 1000, b"more"),
        known.back.icmp_error(3, 3, segment(known, "c", "PA", 1, 1)[:28]),
        known.back.icmp_error(3, 3, stranger.udp(1000, 53)[:28]),
        *in_pieces(stream),
        stranger.icmp(8, check=1),
        stranger.udp(1000, 53, check=1),
        stranger.tcp(40000, 80, "SF"),
        stranger.packet(17, b"abc"),
        segment(closed, "c", "S", 100, 0),
        segment(hosts("CLOSE", 1), "c", "S", 100, 0),
        segment(hosts("FIN_WAIT", 1), "c", "R", 2, 0),
        *newcomers(40, 10),
    ]


@dataclass
class Visit:
    """What became of the packets that came to a table full of assured flows."""

    comparison: FullComparison
    told: list[Told]
    pieces: list[Told]
    unconfirmed: list[Told]
    last: list[Told]
    unlimited: list[Told]
    statistics: dict[str, int]


def visit(crowd: Crowd) -> Visit:
    count = crowd.fill(STEADY)
    with crowd.maximum(count):
        told = crowd.send(guests())
    with crowd.maximum(count - 50):
        told += crowd.send(newcomers(100, 20))
        pieces = crowd.send(in_pieces(newcomer(500)))
    with crowd.maximum(count + 1):
        unconfirmed = crowd.send(IPv4(ip.src, ip.dst, ttl=1).udp(1, 2) for ip in map(newcomer, range(200, 220)))
        last = crowd.send(newcomers(300, 3))
    with crowd.maximum(0):
        unlimited = crowd.send(newcomers(400, 10))
    told += [*unconfirmed, *last, *unlimited]
    check_collector([*told, *pieces])
    comparison, statistics = crowd.compare(told), dict(crowd.own.net.stat.items())
    return Visit(comparison, told, pieces, unconfirmed, last, unlimited, statistics)


def test_assured_flows_stay_and_all_agrees(alone: Alone) -> None:
    found = with_crowd(alone, visit)
    assert not found.comparison.differences, "\n".join(map(str, found.comparison.differences[:20]))
    # Whether a fragment waits, or made a datagram that was refused, cannot be seen on the kernel's side; the counters
    # of drops that were compared tell.
    assert [ours["verdict"] for _, ours in found.pieces] == ["stolen", "stolen", "drop"]
    assert [theirs["verdict"] for theirs, _ in found.pieces] == ["stolen"] * 3
    assert {theirs["verdict"] for theirs, _ in found.told[:40]} == {"drop"}
    assert {(theirs["ctinfo"], theirs["verdict"]) for theirs, _ in found.unconfirmed} == {("new", "drop")}
    assert [theirs["verdict"] for theirs, _ in found.last] == ["accept", "drop", "drop"]
    assert {theirs["verdict"] for theirs, _ in found.unlimited} == {"accept"}
    assert found.statistics["early_drop"] == 0
    assert found.statistics["drop"] > 70


KILLED = """
import os, signal, sys
from ctcore.verify.machine import Alone, maximum
with Alone() as alone, alone.maximum(maximum() - 1):
    print(maximum(), flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_maximum_is_put_back_whatever_happens(number: signal.Signals) -> None:
    before = machine.maximum()
    command = [sys.executable, "-c", KILLED, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.stdout == f"{before - 1}\n"
    with Alone():  # the guard holds the lock until it is done
        assert machine.maximum() == before


def test_who_is_alone_waits_for_namespaces_and_others_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PATIENCE", 0.2)
    with opened({}), pytest.raises(CtcoreError, match="another replay"), Alone():
        pass
    monkeypatch.undo()
    other = [sys.executable, "-c", "from ctcore.verify.machine import share; share()"]
    with Alone(), opened({}):  # its own namespaces do not
        waiting = subprocess.Popen(other)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=2)
    assert waiting.wait(timeout=60) == 0
