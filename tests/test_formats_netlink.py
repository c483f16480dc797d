"""Netlink attributes, without a kernel: their order and bytes as recorded from Linux 6.18."""

from __future__ import annotations

import pytest

from ctcore.common import Event, EventKind, Status
from ctcore.conn import Conn
from ctcore.extensions.seqadj import SeqAdj
from ctcore.formats.netlink import event_attributes, flow_attributes
from ctcore.netlink import parse
from ctcore.testing.packets import IPv4
from ctcore.zones import ZONE_DIR_ORIG, Zone
from tests.replaying import START, Replay, with_helper, with_labels

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

CLIENT = IPv4("10.0.0.1", "10.0.0.2")
SERVER = CLIENT.back
ORIG, REPLY, STATUS, PROTOINFO, HELP, TIMEOUT, MARK, C_ORIG, C_REPLY, USE, ID = (
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    10,
    11,
    12,
)
MASTER, SEQ_ORIG, SEQ_REPLY, ZONE, TIMES, LABELS, EVENT_TIME = 14, 15, 16, 18, 20, 22, 27
ADDRESSES = "14000180080001000a000001080002000a000002"
TCP_TUPLE = ADDRESSES + "1c000280050001000600000006000200000100000600030000150000"
UDP_TUPLE = ADDRESSES + "1c0002800500010011000000060002000001000006000300138a0000"
SYN_SENT = "2c00018005000100010000000500020000000000050003000000000006000400000000000600050000000000"
SYN = CLIENT.tcp(1, 21, "S", 10)


def swapped(tuple_: str) -> str:
    """The tuple of the other direction: addresses and ports change places."""
    a, b = "0a000001", "0a000002"
    return tuple_.replace(a, "?").replace(b, a).replace("?", b)


def mask(*events: Event) -> int:
    return sum(1 << event for event in events)


def full(replay: Replay) -> Conn:
    """A flow that has everything."""
    ct = with_labels(with_helper(replay.feed(SYN)), 3)
    ct.master = ct
    ct.status |= Status.SEQ_ADJUST
    assert ct.ext is not None
    ct.ext[2] = [SeqAdj(), SeqAdj()]
    return ct


def test_a_dump() -> None:
    replay = Replay(nf_conntrack_timestamp=1)
    ct = full(replay)
    ct.zone = Zone(7)
    found = parse(flow_attributes(ct, replay.now))
    order = [ORIG, REPLY, ZONE, STATUS, MARK, ID, USE, MASTER, TIMEOUT, PROTOINFO, C_ORIG, C_REPLY, TIMES]
    assert list(found) == [*order, HELP, LABELS, SEQ_ORIG, SEQ_REPLY]
    assert found[ORIG].hex() == found[MASTER].hex() == TCP_TUPLE
    assert found[ZONE].hex() == "0007"
    assert found[STATUS].hex() == "00000048"
    assert found[TIMEOUT].hex() == f"{119:08x}"
    assert found[PROTOINFO].hex() == SYN_SENT
    assert found[C_ORIG].hex() == "0c00010000000000000000010c0002000000000000000028"
    assert found[TIMES].hex() == f"0c000100{START:016x}"
    assert found[HELP].hex() == "0800010066747000"
    assert found[LABELS].hex() == "08000000000000000000000000000000"
    assert found[SEQ_REPLY].hex() == "080001000000000008000200000000000800030000000000"
    assert found[USE].hex() == "00000001"
    assert found[ID] == ct.id.to_bytes(4, "big")


def test_a_zone_of_one_direction_stands_in_its_tuple() -> None:
    replay = Replay()
    ct = replay.feed(CLIENT.udp(1, 5002))
    ct.zone = Zone(8, ZONE_DIR_ORIG)
    found = parse(flow_attributes(ct, replay.now))
    assert found[ORIG].hex() == UDP_TUPLE + "0600030000080000"
    assert found[REPLY].hex().startswith(swapped(ADDRESSES))
    assert len(found[REPLY]) == len(UDP_TUPLE) // 2
    assert list(found) == [ORIG, REPLY, STATUS, MARK, ID, USE, TIMEOUT, C_ORIG, C_REPLY]


def test_events_tell_what_their_mask_says() -> None:
    replay = Replay(nf_conntrack_timestamp=1)
    ct = full(replay)
    ct.zone = Zone(7)
    always = [ORIG, REPLY, ZONE, ID, STATUS, TIMEOUT]

    def told(kind: EventKind, *events: Event) -> list[int]:
        return list(parse(event_attributes(kind, ct, mask(*events), replay.now)))

    assert told(EventKind.UPDATE) == [*always, HELP, EVENT_TIME]
    everything = [*always, PROTOINFO, HELP, LABELS, MASTER, SEQ_ORIG, SEQ_REPLY, MARK, EVENT_TIME]
    assert told(EventKind.NEW, *Event) == everything
    last = [*always, C_ORIG, C_REPLY, TIMES, PROTOINFO, EVENT_TIME]
    assert told(EventKind.DESTROY, Event.DESTROY) == last
    ct.mark = 5
    assert told(EventKind.DESTROY, Event.DESTROY) == [*last[:-1], MARK, EVENT_TIME]


def test_a_destroy_event_tells_only_the_state() -> None:
    replay = Replay()
    ct = replay.feed(SYN)
    found = parse(event_attributes(EventKind.DESTROY, ct, mask(Event.DESTROY), replay.now))
    assert found[PROTOINFO].hex() == "0c0001800500010001000000"
    assert EVENT_TIME not in found


@pytest.mark.parametrize(
    ("packet", "proto"),
    [
        (CLIENT.echo(5), "24000280050001000100000006000400000500000500050008000000050006000000"),
        (CLIENT.packet(99), "0c0002800500010063000000"),
    ],
    ids=["icmp", "unknown"],
)
def test_tuples(packet: bytes, proto: str) -> None:
    replay = Replay()
    found = parse(flow_attributes(replay.feed(packet), replay.now))
    assert found[ORIG].hex().startswith(ADDRESSES + proto)
    assert PROTOINFO not in found
