"""The TCP connections of a benchmark capture.

Each connection is a row of slots: handshake, then rounds of one request and five groups (data, data,
acknowledgement), then a close by either side, or a reset. Of some groups the first packet is lost behind the
point of capture: the client acknowledges the second one selectively, and the server repeats the first.
"""

from __future__ import annotations

import numpy as np
from flows import Array, Kind, Plan, Slots, addressed, share_out, times

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
OPENING_PACKETS = 3
FEWEST, FEWEST_LIVE = 8, 4
"""Packets of the shortest connection; one that is never closed can be shorter."""
SEGMENT_SIZE = 1448
RESET_SHARE = 0.03
"""Share of the connections that the client resets instead of closing."""
LOSS_SHARE = 0.025
"""Share of the groups that lose a packet, about 0.6 % of all TCP packets."""


def connections(rng: np.random.Generator, plan: Plan, packets: int, flows: int) -> Array:
    """Return `packets` PACKET records, in flow order, of `flows` TCP connections."""
    fewest = FEWEST_LIVE if plan.live else FEWEST
    slots = Slots(share_out(rng, packets, flows, fewest, plan.live))
    ports = rng.choice([443, 443, 443, 443, 993, 993, 22], flows)
    table = addressed(rng, slots, np.full(flows, 4000), ports)
    table["time"] = times(rng, plan, slots, 0.010, OPENING_PACKETS)
    table["kind"] = Kind.SEGMENT
    table["flags"] = ACK
    end = _close(rng, plan, slots, table)
    _open(slots, table)
    doubled = _exchange(rng, slots, table, end)
    _number(rng, slots, table, doubled)
    return table


def _open(slots: Slots, table: Array) -> None:
    syn, answer = slots.place == 0, slots.place == 1
    table["kind"][syn | answer] = Kind.SYN
    table["flags"][syn] = SYN
    table["flags"][answer] = SYN | ACK
    table["reply"][answer] = True


def _close(rng: np.random.Generator, plan: Plan, slots: Slots, table: Array) -> Array:
    """Write the packets that close each connection; return, for each slot, the place where closing begins."""
    if plan.live:
        return slots.count
    flows = len(slots.counts)
    reset = (rng.random(flows) < RESET_SHARE)[slots.flow]
    server_first = (rng.random(flows) < 0.5)[slots.flow]
    left = slots.count - slots.place
    table["flags"][~reset & ((left == 3) | (left == 2))] = FIN | ACK
    table["flags"][reset & (left == 1)] = RST | ACK
    table["reply"] = ~reset & (left <= 3) & (server_first ^ (left == 2))
    return np.where(reset, slots.count - 1, slots.count - 3)


def _exchange(rng: np.random.Generator, slots: Slots, table: Array, end: Array) -> Array:
    """Write requests, data and losses between opening and closing.

    Return the indices of the duplicate acknowledgements: packet index - 2 was lost, index - 1 arrived, and
    index + 1 repeats the lost one.
    """
    body = (slots.place >= OPENING_PACKETS) & (slots.place < end)
    phase = (slots.place - OPENING_PACKETS) % 16
    request = body & (phase == 0)
    data = body & (phase % 3 != 0)
    size = np.where(rng.random(len(slots)) < 0.6, SEGMENT_SIZE, rng.integers(1, SEGMENT_SIZE, len(slots)))
    table["payload"][data] = size[data]
    table["payload"][request] = rng.integers(60, 900, int(request.sum()))
    table["flags"][request | (data & (size < SEGMENT_SIZE))] |= PSH
    table["reply"][data] = True

    may_double = body & (phase % 3 == 0) & (phase > 0) & (phase < 15) & (slots.place + 2 < end)
    doubled = np.flatnonzero(may_double & (rng.random(len(slots)) < LOSS_SHARE))
    # After a loss, the first packet of the next group is the repetition, which is not lost again.
    doubled = doubled[~np.isin(doubled - 3, doubled)]
    table["kind"][doubled] = Kind.SACK
    for field in ("payload", "flags"):
        table[field][doubled + 1] = table[field][doubled - 2]
    return doubled


def _number(rng: np.random.Generator, slots: Slots, table: Array, doubled: Array) -> None:
    """Write sequence and acknowledgement numbers, selective acknowledgements and timestamps."""
    reply, flags = table["reply"], table["flags"]
    consumed = table["payload"] + ((flags & SYN) != 0) + ((flags & FIN) != 0)
    fresh = consumed.copy()
    fresh[doubled + 1] = 0
    initial = rng.integers(0, 2**32, (len(slots.counts), 2))
    seq = np.where(reply, _sent_before(slots, fresh, reply), _sent_before(slots, fresh, ~reply))
    seq += initial[slots.flow, reply.astype(np.int64)]
    seq[doubled + 1] = seq[doubled - 2]
    heard = _last_heard(reply)
    ack = (seq + consumed)[heard]
    ack[doubled] = seq[doubled - 2]
    boot = rng.integers(0, 2**31, (len(slots.counts), 2))
    tsval = boot[slots.flow, reply.astype(np.int64)] + table["time"] // 1000
    syn = slots.place == 0
    table["seq"] = seq & 0xFFFFFFFF
    table["ack"] = np.where(syn, 0, ack & 0xFFFFFFFF)
    table["sack"][doubled, 0] = seq[doubled - 1] & 0xFFFFFFFF
    table["sack"][doubled, 1] = (seq + consumed)[doubled - 1] & 0xFFFFFFFF
    table["tsval"] = tsval
    table["tsecr"] = np.where(syn, 0, tsval[heard])


def _sent_before(slots: Slots, fresh: Array, side: Array) -> Array:
    """Return, for each packet, what this side of its connection sent before it, in sequence numbers."""
    sent = np.where(side, fresh, 0)
    before = np.cumsum(sent) - sent
    since_first: Array = before - before[slots.first][slots.flow]
    return since_first


def _last_heard(reply: Array) -> Array:
    """Return, for each packet, the index of the latest packet before it from the other side."""
    index = np.arange(len(reply))
    from_client = np.maximum.accumulate(np.where(reply, 0, index))
    from_server = np.maximum.accumulate(np.where(reply, index, 0))
    return np.where(reply, from_client, from_server)
