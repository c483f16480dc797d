"""What all flows of a benchmark capture share: how many packets each has, and when it sends them.

A capture is first a table of packets in flow order (one numpy record of type `PACKET` each); `traffic` sorts
it by time and `frames` turns it into bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

OPENING = 2.0
"""Seconds at the start of a live capture in which every flow is opened."""


class Kind(IntEnum):
    """What a packet is made of; `frames` has one header layout for each."""

    SYN = 0
    SEGMENT = 1
    SACK = 2
    DATAGRAM = 3
    QUERY = 4
    ANSWER = 5
    ECHO = 6


PACKET = np.dtype(
    [
        ("time", "i8"),  # microseconds since the start of the capture
        ("kind", "i8"),
        ("reply", "?"),  # sent by the server
        ("client", "i8"),
        ("server", "i8"),
        ("client_port", "i8"),  # the identifier, for ICMP
        ("server_port", "i8"),
        ("payload", "i8"),  # bytes after the headers
        ("flags", "i8"),
        ("seq", "i8"),  # the sequence number for ICMP, the identifier for DNS
        ("ack", "i8"),
        ("tsval", "i8"),
        ("tsecr", "i8"),
        ("sack", "i8", 2),
    ]
)


@dataclass(frozen=True)
class Plan:
    """What the user asked for.

    packets, flows: how many of each. seed: of every random choice. seconds: length of the capture.
    live: every flow is opened first, used evenly until the end and never closed.
    """

    packets: int
    flows: int
    seed: int
    seconds: float
    live: bool


class Slots:
    """The packets of many flows in flow order: the flow of each, its place in it, the flow's packet count."""

    def __init__(self, counts: Array) -> None:
        """Take the packet count of each flow."""
        self.counts = counts
        self.first = np.cumsum(counts) - counts
        self.flow = np.repeat(np.arange(len(counts)), counts)
        self.place = np.arange(len(self.flow)) - self.first[self.flow]
        self.count = counts[self.flow]

    def __len__(self) -> int:
        """Return the number of packets."""
        return len(self.flow)


def share_out(rng: np.random.Generator, packets: int, flows: int, minimum: int, even: bool) -> Array:
    """Return the packet count of each flow: adding up to packets, evenly or with a heavy tail.

    minimum: the fewest packets of a flow. Raises ValueError where the packets do not suffice.
    """
    spare = packets - flows * minimum
    if spare < 0:
        raise ValueError(f"{packets} packets are too few for {flows} flows of at least {minimum}")
    weight = np.ones(flows) if even else rng.lognormal(0.0, 1.6, flows)
    counts: Array = minimum + np.floor(weight / weight.sum() * spare).astype(np.int64)
    left = packets - int(counts.sum())
    counts += np.bincount(np.arange(left) % flows, minlength=flows)
    return counts


def times(rng: np.random.Generator, plan: Plan, slots: Slots, gap: float, opening: int) -> Array:
    """Return the time of each packet in microseconds, rising within each flow.

    gap: mean time between two packets of a flow, in seconds. opening: how many packets open a flow.
    """
    seconds = _live_times(rng, plan, slots, opening) if plan.live else _busy_times(rng, plan, slots, gap)
    micros: Array = np.round(seconds * 1e6).astype(np.int64)
    return micros


def _busy_times(rng: np.random.Generator, plan: Plan, slots: Slots, gap: float) -> Array:
    """Flows come and go; a long one is squeezed, so that it ends with the capture."""
    start = rng.random(len(slots.counts)) * plan.seconds * 0.9
    clock = np.cumsum(rng.exponential(gap, len(slots)) + 1e-5)
    since = clock - clock[slots.first][slots.flow]
    duration = since[slots.first + slots.counts - 1]
    squeeze = np.minimum(1.0, (plan.seconds - start) / duration)
    moments: Array = start[slots.flow] + since * squeeze[slots.flow]
    return moments


def _live_times(rng: np.random.Generator, plan: Plan, slots: Slots, opening: int) -> Array:
    """All flows open within OPENING seconds; then each sends evenly, with jitter, to the end."""
    start = rng.random(len(slots.counts)) * OPENING * 0.9
    opened = start[slots.flow] + slots.place * (OPENING * 0.1 / opening)
    turn = slots.place - opening + rng.random(len(slots))
    used = OPENING + turn / np.maximum(slots.count - opening, 1) * (plan.seconds - OPENING)
    moments: Array = np.where(slots.place < opening, opened, used)
    return moments


def addressed(rng: np.random.Generator, slots: Slots, servers: Array, server_ports: Array) -> Array:
    """Return PACKET records, one a slot, with the addresses of its flow; no two flows share a client's port.

    servers: how many servers the flow may choose from; server_ports: the port it goes to. Both one a flow.
    """
    flows = np.arange(len(slots.counts))
    number = rng.permutation(flows)
    per_client, spread = 40, 700
    port = 32768 + number % per_client * spread + rng.integers(0, spread, len(flows))
    packets = np.zeros(len(slots), PACKET)
    packets["client"] = (0x0A000000 + 257 + number // per_client)[slots.flow]
    packets["server"] = (0xC6120000 + 1 + rng.integers(0, servers))[slots.flow]
    packets["client_port"] = port[slots.flow]
    packets["server_port"] = server_ports[slots.flow]
    return packets
