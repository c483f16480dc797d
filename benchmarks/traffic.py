"""The traffic of a benchmark capture: TCP, DNS, longer UDP and ICMP echo, merged in order of time."""

from __future__ import annotations

import numpy as np
from flows import Array, Kind, Plan, Slots, addressed, share_out, times
from tcp import connections

UDP_PACKETS, ICMP_PACKETS = 0.12, 0.03
UDP_FLOWS, ICMP_FLOWS = 0.30, 0.075
DNS_SHARE = 0.8
"""Share of the UDP flows that are one DNS query and its answer; none in a live capture."""


def build(plan: Plan) -> Array:
    """Return the PACKET records of the capture in order of time; ValueError where the plan cannot be met."""
    rng = np.random.default_rng(plan.seed)
    udp, icmp = int(plan.packets * UDP_PACKETS), int(plan.packets * ICMP_PACKETS)
    udp_flows, icmp_flows = max(1, int(plan.flows * UDP_FLOWS)), max(1, int(plan.flows * ICMP_FLOWS))
    tcp_flows = plan.flows - udp_flows - icmp_flows
    if tcp_flows < 1:
        raise ValueError("a capture needs at least 3 flows")
    parts = [
        connections(rng, plan, plan.packets - udp - icmp, tcp_flows),
        *_udp(rng, plan, udp, udp_flows),
        _echoes(rng, plan, icmp, icmp_flows),
    ]
    table = np.concatenate(parts)
    ordered: Array = table[np.argsort(table["time"], kind="stable")]
    return ordered


def _udp(rng: np.random.Generator, plan: Plan, packets: int, flows: int) -> list[Array]:
    """DNS look-ups and longer streams; they never share a tuple, as they go to different ports."""
    lookups = 0 if plan.live else min(int(flows * DNS_SHARE), flows - 1)
    streams = _streams(rng, plan, packets - 2 * lookups, flows - lookups)
    return [_lookups(rng, plan, lookups), streams] if lookups else [streams]


def _lookups(rng: np.random.Generator, plan: Plan, flows: int) -> Array:
    slots = Slots(np.full(flows, 2))
    table = addressed(rng, slots, np.full(flows, 4), np.full(flows, 53))
    table["time"] = times(rng, plan, slots, 0.020, 2)
    table["reply"] = slots.place == 1
    table["kind"] = np.where(table["reply"], Kind.ANSWER, Kind.QUERY)
    table["seq"] = rng.integers(0, 0x10000, flows)[slots.flow]
    return table


def _streams(rng: np.random.Generator, plan: Plan, packets: int, flows: int) -> Array:
    slots = Slots(share_out(rng, packets, flows, 2 if plan.live else 3, plan.live))
    table = addressed(rng, slots, np.full(flows, 500), np.full(flows, 8801))
    table["time"] = times(rng, plan, slots, 0.020, 2)
    table["kind"] = Kind.DATAGRAM
    table["reply"] = (slots.place == 1) | ((slots.place > 1) & (rng.random(len(slots)) < 0.6))
    table["payload"] = rng.integers(20, 1200, len(slots))
    return table


def _echoes(rng: np.random.Generator, plan: Plan, packets: int, flows: int) -> Array:
    slots = Slots(share_out(rng, packets, flows, 2, plan.live))
    table = addressed(rng, slots, np.full(flows, 1000), np.zeros(flows, np.int64))
    table["time"] = times(rng, plan, slots, 0.5, 2)
    table["kind"] = Kind.ECHO
    table["reply"] = slots.place % 2 == 1
    table["payload"] = 56
    table["seq"] = slots.place // 2 + 1
    return table
