"""The fuzzer against the running kernel: nothing to find as it is, and planted faults are found."""

from __future__ import annotations

import importlib
import inspect
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ctcore.testing.packets import IPv4
from ctcore.verify.fuzz.command import main
from ctcore.verify.fuzz.hunt import Hunt
from ctcore.verify.fuzz.profiles import PROFILES
from ctcore.verify.fuzz.run import Rounds
from ctcore.verify.fuzz.shrink import shrink
from ctcore.verify.kernel import Kernel

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "udplite"),
]

SEED = 20261
WITHIN = 20000


@pytest.mark.parametrize("vary", [False, True], ids=["default settings", "varied settings"])
@pytest.mark.parametrize("profile", PROFILES)
def test_no_difference(profile: str, vary: bool) -> None:
    hunt = Hunt(profile, SEED, vary=vary)
    assert [str(outcome.difference) for _, outcome in hunt.differences(2000)] == []
    assert hunt.packets == 2000


def test_a_busy_machine_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a round takes: timeouts are compared, and both sides have aged alike."""
    replay, waits = Kernel.replay, iter([0, 0, 0, 0, 1.3, 0, 0, 1.3])

    def slow(kernel: Kernel, packet: bytes, ethertype: int) -> dict[str, Any]:
        time.sleep(next(waits, 0))
        return replay(kernel, packet, ethertype)

    monkeypatch.setattr(Kernel, "replay", slow)
    talk = IPv4("10.0.1.2", "10.0.2.2")
    syn, other = talk.tcp(1, 80, "S", 100), talk.udp(1, 53)
    outcome = Rounds().run([syn, other] * 4 + [talk.back.icmp_error(3, 1, syn)])
    assert outcome.difference is None
    assert outcome.kernel[-1]["entry"]["timeout"] < 119, "it has grown old meanwhile"


def tables(direction: int, kind: int, state: int, wrong: int) -> Callable[[pytest.MonkeyPatch], None]:
    """One entry of the TCP table is another one."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from ctcore_tcp import l4proto, states

        table = bytearray(states.TRANSITIONS)
        at = (direction * states.KINDS + kind) * states.STATES + state
        assert table[at] != wrong
        table[at] = wrong
        patch.setattr(l4proto, "TRANSITIONS", bytes(table))

    return plant


def comparison(function: str, right: str, wrong: str) -> Callable[[pytest.MonkeyPatch], None]:
    """One comparison of the window check is another one."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from ctcore_tcp import l4proto, window

        source = inspect.getsource(getattr(window, function))
        assert source.count(right) == 1
        changed = dict(vars(window))
        exec(source.replace(right, wrong), changed)
        patch.setattr(window, function, changed[function])
        if hasattr(l4proto, function):
            patch.setattr(l4proto, function, changed[function])

    return plant


def a_timeout(patch: pytest.MonkeyPatch) -> None:
    """LAST_ACK lasts three seconds longer."""
    from ctcore_tcp import l4proto
    from ctcore_tcp.sysctls import SYSCTLS

    name = "nf_conntrack_tcp_timeout_last_ack"
    wrong = tuple(replace(one, default=33) if one.name == name else one for one in SYSCTLS)
    assert wrong != SYSCTLS
    patch.setattr(l4proto, "SYSCTLS", wrong)


FAULTS = {
    "table: FIN of the original direction in SYN_RECV": tables(0, 2, 2, 3),
    "table: ACK of the reply direction in CLOSE_WAIT": tables(1, 3, 5, 4),
    "table: SYN of the original direction in TIME_WAIT": tables(0, 0, 7, 11),
    "window: the overshoot": comparison("_outside", "overshoot <= receiver_win", "overshoot < receiver_win"),
    "window: what may be sent": comparison("in_window", "(limit + 1) & U32", "(limit + 2) & U32"),
    "a timeout": a_timeout,
}


def of_module(module: str, name: str, wrong: object) -> Callable[[pytest.MonkeyPatch], None]:
    """Something that a module has is another one."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        assert getattr(importlib.import_module(module), name) != wrong
        patch.setattr(f"{module}.{name}", wrong)

    return plant


def ah_in_words_of_8(patch: pytest.MonkeyPatch) -> None:
    """The length of AH counts as that of the other extension headers."""
    from ctcore_ipv6 import exthdr
    from ctcore_ipv6.numbers import FRAGMENT, FRAGMENT_LENGTH

    def length(number: int, field: int) -> int:
        return FRAGMENT_LENGTH if number == FRAGMENT else (field + 1) * 8

    patch.setattr(exthdr, "_length", length)


def no_duplicates(patch: pytest.MonkeyPatch) -> None:
    """A fragment that is there already counts as an overlap, for which all are thrown away."""
    from ctcore.reassembly import Queue

    insert = Queue.insert
    patch.setattr(Queue, "insert", lambda queue, offset, end: insert(queue, offset, end) and "overlap")


FAULTS6 = {
    "extension headers: the length of AH": ("options6", ah_in_words_of_8),
    "options: how much padding": ("options6", of_module("ctcore_ipv6.options", "MOST_PADDING", 5)),
    "fragments: a duplicate": ("frag6", no_duplicates),
    "fragments: what a first one must have": ("frag6", of_module("ctcore_ipv6.frag", "TRANSPORT_HEADERS", {6: 8})),
    "icmpv6: node information": ("icmp6", of_module("ctcore_icmpv6.l4proto", "STARTERS", frozenset({128}))),
    "icmpv6: what is not tracked": ("icmp6", of_module("ctcore_icmpv6.l4proto", "UNTRACKED", frozenset({135, 136}))),
    "redirects: the hop limit": ("icmp6", of_module("ctcore_icmpv6.redirect", "HOP_LIMIT", 254)),
}


@pytest.mark.plain
@pytest.mark.parametrize("fault", FAULTS6)
def test_a_fault_planted_in_ipv6_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    profile, plant = FAULTS6[fault]
    plant(monkeypatch)
    hunt = Hunt(profile, SEED)
    found = next(hunt.differences(WITHIN), None)
    assert found is not None, f"{fault}: nothing was found in {hunt.packets} packets"
    monkeypatch.undo()
    assert hunt.rounds.run(found[0]).difference is None, "it is the fault that was found"


@pytest.mark.plain
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    hunt = Hunt("tcp", SEED)
    found = next(hunt.differences(WITHIN), None)
    assert found is not None, f"{fault}: nothing was found in {hunt.packets} packets"
    few = shrink(hunt.rounds, found[0])
    assert len(few) <= 12
    again = hunt.rounds.run(few).difference
    assert again is not None
    assert again.frame == len(few)
    monkeypatch.undo()
    assert hunt.rounds.run(few).difference is None, "it is the fault that was found"


@pytest.mark.plain
def test_the_command_prints_a_test_case(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    a_timeout(monkeypatch)
    assert main(["--profile", "tcp-close", "--packets", "5000", "--seed", "1"]) == 1
    out = capsys.readouterr().out
    assert "SYSCTLS = {}" in out
    assert "timeout: kernel" in out
    monkeypatch.undo()
    assert main(["--profile", "tcp-close", "--packets", "300", "--seed", "1"]) == 0
    assert capsys.readouterr().out.startswith("profile tcp-close, seed 1, default settings: 300 packets in 1 rounds")


def test_a_setting_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--packets", "1", "--set", "nf_conntrack_bogus=1"]) == 1
    assert "nf_conntrack_bogus" in capsys.readouterr().err
