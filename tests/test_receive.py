"""The way through the host: hook points in their order, the host's own packets, and the clock."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import CtInfo, Hook, HookOps, Packet, Priority, Verdict
from ctcore.chain import HookTable
from ctcore.sysctl import SECOND
from tests.toy import ETHERTYPE, START, Do, ToyNet, frame, names

FORWARDED = [Hook.PRE_ROUTING, Hook.FORWARD, Hook.POST_ROUTING]
INTO = [Hook.PRE_ROUTING, Hook.LOCAL_IN]
OUT = [Hook.LOCAL_OUT, Hook.POST_ROUTING]
HOST = ("toy:1", "toy:5")


def watched(toy: ToyNet) -> list[Hook]:
    """The hook points that packets pass, as they pass them."""
    passed: list[Hook] = []

    def note(pkt: Packet) -> int:
        passed.append(Hook(pkt.hook))
        return Verdict.ACCEPT

    for hook in Hook:
        toy.hook(hook, 0, note)
    return passed


@pytest.mark.parametrize(
    ("local", "src", "dst", "way"),
    [
        ((), 1, 2, FORWARDED),
        (HOST, 3, 4, FORWARDED),
        (HOST, 3, 1, INTO),
        (HOST, 5, 2, OUT),
        (HOST, 1, 5, OUT + INTO),
        (HOST, 1, 1, OUT + INTO),
    ],
)
def test_the_hook_points_that_a_packet_passes(local: tuple[str, ...], src: int, dst: int, way: list[Hook]) -> None:
    toy = ToyNet(local=local)
    passed = watched(toy)
    result = toy.send(src, dst)
    assert passed == way
    assert (result.state, result.verdict) == ("new", Verdict.ACCEPT)
    assert [ct is result.entry for ct in toy.net.table] == [True]


@pytest.mark.parametrize(("src", "dst"), [(1, 2), (3, 1), (1, 5)])
def test_a_conversation_of_the_host_itself(src: int, dst: int) -> None:
    toy = ToyNet(local=HOST, nf_conntrack_acct=1)
    first = toy.send(src, dst)
    answer = toy.reply(src, dst)
    assert (first.ctinfo, answer.ctinfo) == (CtInfo.NEW, CtInfo.ESTABLISHED_REPLY)
    assert first.entry is answer.entry
    assert first.entry is not None
    assert first.entry.ext_find(3).packets == [1, 1], "on the loopback a packet is met twice and counted once"
    assert toy.counters() == {}


def test_a_looped_packet_is_confirmed_on_its_way_out() -> None:
    toy = ToyNet(local=HOST)
    passed = watched(toy)
    toy.hook(Hook.PRE_ROUTING, 1, lambda pkt: Verdict.DROP)
    result = toy.send(1, 5)
    assert (result.verdict, passed[-1]) == (Verdict.DROP, Hook.PRE_ROUTING)
    assert names(result.events) == ["NEW"]
    assert toy.net.table.count == 1


@pytest.mark.parametrize(("src", "verify"), [(3, True), (1, False)])
@pytest.mark.parametrize("checksum", [0, 1])
def test_checksums_are_for_packets_from_the_wire(src: int, verify: bool, checksum: int) -> None:
    toy = ToyNet(local=HOST, nf_conntrack_checksum=checksum)
    toy.send(src, 9)
    assert toy.packet.verify is (verify and bool(checksum))


@pytest.mark.parametrize("point", Hook)
@pytest.mark.parametrize("verdict", [Verdict.DROP, Verdict.STOLEN])
def test_the_first_verdict_that_is_not_accept_ends_the_way(point: Hook, verdict: Verdict) -> None:
    for local, src, dst, way in (((), 1, 2, FORWARDED), (HOST, 3, 1, INTO), (HOST, 1, 3, OUT)):
        toy = ToyNet(local=local)
        toy.hook(point, -500, lambda pkt: int(verdict))
        passed = watched(toy)
        result = toy.send(src, dst)
        if point in way:
            assert (result.verdict, passed) == (verdict, way[: way.index(point)])
            assert toy.net.table.count == 0
        else:
            assert result.verdict == Verdict.ACCEPT


def test_hook_functions_run_by_priority_then_by_registration() -> None:
    log: list[str] = []
    table = HookTable()

    def op(name: str, priority: int, hook: Hook = Hook.FORWARD) -> HookOps:
        def function(pkt: Packet) -> int:
            log.append(name)
            return Verdict.ACCEPT

        return HookOps(hook, priority, function)

    ops = [op("b", 0), op("a", -1), op("c", 0), op("z", Priority.CONNTRACK_CONFIRM), op("other", 0, Hook.LOCAL_IN)]
    table.register(ops[:2])
    table.register(ops[2:])
    pkt = Packet(ToyNet().net)
    assert table.run(Hook.FORWARD, pkt) == Verdict.ACCEPT
    assert (log, pkt.hook) == (["a", "b", "c", "z"], Hook.FORWARD)
    table.unregister([ops[0]])
    log.clear()
    table.run(Hook.FORWARD, pkt)
    assert log == ["a", "c", "z"]
    with pytest.raises(ValueError, match="not in list"):
        table.unregister([ops[0]])


def test_the_priorities_are_the_kernels() -> None:
    assert [int(priority) for priority in Priority] == [-400, -300, -200, -150, -100, 0, 50, 100, 2**31 - 1]
    assert [int(hook) for hook in Hook] == [0, 1, 2, 3, 4]


def test_a_packet_too_short_for_its_network_header_is_gone_before_any_hook(toy: ToyNet) -> None:
    passed = watched(toy)
    result = toy.feed(b"\1\2", toy.time, ETHERTYPE)
    assert (result.verdict, result.state, result.reasons) == (
        Verdict.DROP,
        "none",
        ["the toy header is not all there"],
    )
    assert passed == []


def test_one_packet_leaves_nothing_to_the_next(toy: ToyNet) -> None:
    """One view serves all packets of a namespace."""
    toy.send(do=Do.ERROR)
    result = toy.feed(b"", toy.time, 0)
    assert (result.state, result.entry, len(result.reasons)) == ("none", None, 1)
    assert toy.send().reasons == []


def test_nor_its_mark(toy: ToyNet) -> None:
    marks = [7, 0]
    seen: list[int] = []

    def mark(pkt: Packet) -> int:
        seen.append(pkt.mark)
        pkt.mark = marks.pop()
        return Verdict.ACCEPT

    toy.hook(Hook.PRE_ROUTING, Priority.RAW, mark)
    marks.reverse()
    toy.send()
    toy.send()
    assert seen == [0, 0]


# The clock.


def test_time_going_back_is_held_and_remarked_on(toy: ToyNet) -> None:
    toy.send()
    result = toy.send(after=-2.5)
    assert result.reasons == ["time went back by 2.500000 s; held"]
    assert toy.net.now == START
    assert result.entry is not None
    assert result.entry.remaining(START) == 10 * SECOND
    assert toy.send(after=2.5).reasons == []


@given(st.lists(st.integers(-20, 20), max_size=15))
@settings(max_examples=50)
def test_time_never_runs_back_inside(steps: list[int]) -> None:
    toy = ToyNet()
    latest = 0
    for number, step in enumerate(steps):
        toy.send(sport=number % 3, after=step)
        assert toy.net.now >= latest
        latest = toy.net.now
        assert all(ct.timeout > latest for ct in toy.net.table)


def test_a_frozen_clock_stands_still() -> None:
    toy = ToyNet(frozen=True)
    first = toy.send().entry
    result = toy.send(after=1000)
    assert (result.entry, result.reasons, toy.net.now) == (first, [], START)
    assert toy.send(after=-5000).reasons == []
    assert first is not None
    assert first.remaining(toy.net.now) == 10 * SECOND


def test_time_moves_on_with_packets_that_nobody_tracks(toy: ToyNet) -> None:
    toy.send()
    toy.time += 11 * SECOND
    assert names(toy.feed(b"", toy.time, 0x9999).events) == ["DESTROY"]


def test_a_long_silence_ends_everything(toy: ToyNet) -> None:
    for sport in range(30):
        toy.send(sport=sport, after=0.1)
    assert len(toy.sleep(10**7).events) == 30
    assert toy.net.table.count == 0


# Any bytes whatever.


@given(st.lists(st.tuples(st.binary(max_size=16), st.integers(0, 12), st.booleans()), max_size=10))
@settings(max_examples=50)
def test_any_bytes_whatever_get_a_verdict(packets: list[tuple[bytes, int, bool]]) -> None:
    toy = ToyNet(local=("toy:0",), nf_conntrack_acct=1)
    for data, step, toyish in packets:
        if toyish:
            data = frame()[:2] + data
        toy.time += step * SECOND
        assert toy.feed(data, toy.time, ETHERTYPE).verdict in list(Verdict)
    assert toy.net.table.count == len(toy.net.table)
    toy.net.exit()
    assert toy.net.table.count == 0
