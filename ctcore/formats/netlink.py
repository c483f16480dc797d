"""The attributes of ctnetlink messages, in the kernel's order: what netlink readers of conntrack get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ctcore.common import EXT_TSTAMP, ORIGINAL, REPLY, EventKind
from ctcore.conn import Conn
from ctcore.extensions.labels import LABEL_BITS
from ctcore.formats import message
from ctcore.netlink import attr, be16, be32, be64
from ctcore.tuples import address_part, transport_part
from ctcore.zones import ZONE_DIR_ORIG, ZONE_DIR_REPL

if TYPE_CHECKING:
    from ctcore.extensions.seqadj import SeqAdj

CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_PROTOINFO, CTA_HELP = 1, 2, 3, 4, 5
CTA_TIMEOUT, CTA_MARK, CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY = 7, 8, 9, 10
CTA_USE, CTA_ID, CTA_TUPLE_MASTER, CTA_SEQ_ADJ_ORIG, CTA_SEQ_ADJ_REPLY = 11, 12, 14, 15, 16
CTA_ZONE, CTA_TIMESTAMP, CTA_LABELS, CTA_TIMESTAMP_EVENT = 18, 20, 22, 27

CTA_TUPLE_IP, CTA_TUPLE_PROTO, CTA_TUPLE_ZONE = 1, 2, 3
CTA_PROTO_NUM: Final = 1
CTA_COUNTERS_PACKETS, CTA_COUNTERS_BYTES = 1, 2
CTA_TIMESTAMP_START, CTA_TIMESTAMP_STOP = 1, 2
CTA_HELP_NAME: Final = 1
CTA_SEQADJ_CORRECTION_POS, CTA_SEQADJ_OFFSET_BEFORE, CTA_SEQADJ_OFFSET_AFTER = 1, 2, 3


def flow_attributes(ct: Conn, now: int) -> bytes:
    """What a dump at the time ``now`` (nanoseconds) tells of a flow, after the nfgenmsg header."""
    msg = message.dump(ct, now)
    parts = (
        *_tuples(ct),
        *_zone(ct),
        *_status(ct),
        *_mark(msg),
        *_id(ct),
        *_use(msg),
        *_master(msg),
        *_timeout(msg),
        *_protoinfo(msg),
        *_counters(msg),
        *_times(msg),
        *_helper(msg),
        *_labels(msg),
        *_seqadj(msg),
    )
    return b"".join(parts)


def event_attributes(kind: EventKind, ct: Conn, mask: int, now: int) -> bytes:
    """What an event message tells, after the nfgenmsg header; ``mask`` has a bit for each ``Event``."""
    msg = message.event(kind, ct, mask, now)
    parts = (
        *_tuples(ct),
        *_zone(ct),
        *_id(ct),
        *_status(ct),
        *_timeout(msg),
        *_counters(msg),
        *_times(msg),
        *_protoinfo(msg),
        *_helper(msg),
        *_labels(msg),
        *_master(msg),
        *_seqadj(msg),
        *_mark(msg),
        *_event_time(ct, now),
    )
    return b"".join(parts)


def tuple_attributes(ct: Conn, direction: int) -> bytes:
    """What is inside a tuple: addresses, transport parts, and the zone where only this direction has it."""
    packed = ct.reply if direction else ct.original
    proto = attr(CTA_PROTO_NUM, packed[-1:]) + (ct.l4.tuple_to_nlattr(transport_part(packed)) or b"")
    zone = ct.zone
    return (
        attr(CTA_TUPLE_IP, ct.l3.tuple_to_nlattr(address_part(packed)), nested=True)
        + attr(CTA_TUPLE_PROTO, proto, nested=True)
        + (attr(CTA_TUPLE_ZONE, be16(zone.id)) if zone.id and zone.dir == 1 << direction else b"")
    )


def _tuples(ct: Conn) -> Iterator[bytes]:
    yield attr(CTA_TUPLE_ORIG, tuple_attributes(ct, ORIGINAL), nested=True)
    yield attr(CTA_TUPLE_REPLY, tuple_attributes(ct, REPLY), nested=True)


def _zone(ct: Conn) -> Iterator[bytes]:
    if ct.zone.id and ct.zone.dir == ZONE_DIR_ORIG | ZONE_DIR_REPL:
        yield attr(CTA_ZONE, be16(ct.zone.id))


def _status(ct: Conn) -> Iterator[bytes]:
    yield attr(CTA_STATUS, be32(ct.status))


def _mark(msg: message.Message) -> Iterator[bytes]:
    if msg.mark is not None:
        yield attr(CTA_MARK, be32(msg.mark))


def _id(ct: Conn) -> Iterator[bytes]:
    yield attr(CTA_ID, be32(ct.id))


def _use(msg: message.Message) -> Iterator[bytes]:
    if msg.use is not None:
        yield attr(CTA_USE, be32(msg.use))


def _master(msg: message.Message) -> Iterator[bytes]:
    if msg.master is not None:
        yield attr(CTA_TUPLE_MASTER, tuple_attributes(msg.master, ORIGINAL), nested=True)


def _timeout(msg: message.Message) -> Iterator[bytes]:
    if msg.timeout is not None:
        yield attr(CTA_TIMEOUT, be32(msg.timeout))


def _protoinfo(msg: message.Message) -> Iterator[bytes]:
    if msg.protoinfo and msg.ct.proto is not None:
        private = msg.ct.l4.to_nlattr(msg.ct, msg.kind == EventKind.DESTROY)
        if private:
            yield attr(CTA_PROTOINFO, private, nested=True)


def _counters(msg: message.Message) -> Iterator[bytes]:
    counters = msg.counters
    if counters is None:
        return
    for number, direction in ((CTA_COUNTERS_ORIG, ORIGINAL), (CTA_COUNTERS_REPLY, REPLY)):
        packets = attr(CTA_COUNTERS_PACKETS, be64(counters.packets[direction]))
        yield attr(number, packets + attr(CTA_COUNTERS_BYTES, be64(counters.bytes[direction])), nested=True)


def _times(msg: message.Message) -> Iterator[bytes]:
    times = msg.times
    if times is not None:
        stop = attr(CTA_TIMESTAMP_STOP, be64(times.stop)) if times.stop else b""
        yield attr(CTA_TIMESTAMP, attr(CTA_TIMESTAMP_START, be64(times.start)) + stop, nested=True)


def _event_time(ct: Conn, now: int) -> Iterator[bytes]:
    """Told by flows that have timestamps at all."""
    if ct.ext_find(EXT_TSTAMP) is not None:
        yield attr(CTA_TIMESTAMP_EVENT, be64(now))


def _helper(msg: message.Message) -> Iterator[bytes]:
    if msg.helper is not None:
        yield attr(CTA_HELP, attr(CTA_HELP_NAME, msg.helper.encode() + b"\0"), nested=True)


def _labels(msg: message.Message) -> Iterator[bytes]:
    if msg.labels is not None:
        yield attr(CTA_LABELS, msg.labels.to_bytes(LABEL_BITS // 8, "little"))


def _seqadj(msg: message.Message) -> Iterator[bytes]:
    for number, adjustment in zip((CTA_SEQ_ADJ_ORIG, CTA_SEQ_ADJ_REPLY), msg.seqadj or (), strict=False):
        yield attr(number, _adjustment(adjustment), nested=True)


def _adjustment(seqadj: SeqAdj) -> bytes:
    return (
        attr(CTA_SEQADJ_CORRECTION_POS, be32(seqadj.correction_pos))
        + attr(CTA_SEQADJ_OFFSET_BEFORE, be32(seqadj.offset_before))
        + attr(CTA_SEQADJ_OFFSET_AFTER, be32(seqadj.offset_after))
    )
