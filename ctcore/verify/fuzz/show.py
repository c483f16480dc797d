"""A shrunk difference as people read it: settings, packets decoded and as hex, both accounts."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from ctcore.testing.packets import ICMP, ICMPV6, TCP, TCP_FLAGS, UDP
from ctcore.verify.fuzz.ip6 import HEADER, V6, walk
from ctcore.verify.fuzz.run import Rounds

_FIELDS: Final = ("ctinfo", "direction", "verdict", "reasons")


def test_case(packets: Sequence[bytes], rounds: Rounds, profile: str) -> str:
    """Everything that is needed to see the difference again, and what each side said of every packet."""
    outcome = rounds.run(packets)
    lines = [f"# profile {profile}: {outcome.difference}", f"SYSCTLS = {rounds.sysctls!r}"]
    if rounds.helpers:
        lines.append(f"HELPERS = {rounds.helpers!r}")
    lines.append("PACKETS = [")
    for at, packet in enumerate(packets):
        lines.append(f"    # {at + 1}: {decoded(packet)}")
        lines.append(f'    "{packet.hex()}",')
    lines.append("]")
    for theirs, ours in zip_longest(outcome.kernel, outcome.ctcore):
        lines.append(f"# {theirs['frame']} kernel {_told(theirs)}")
        lines.append(f"# {theirs['frame']} {outcome.comparison.side} {_told(ours) if ours else 'nothing'}")
    lines += [f"# {difference}" for difference in outcome.comparison.differences]
    return "\n".join(lines)


def _told(record: dict[str, Any]) -> str:
    text = " ".join(str(record.get(name)) for name in _FIELDS)
    events = ",".join(event["type"] for event in record.get("events", ()))
    entry = record.get("entry")
    if entry is None:
        return f"{text} events={events} -"
    directions = [entry.get(name, {}) for name in ("original", "reply")]
    sides = [f"{side.get('packets')}/{side.get('bytes')}" for side in directions]
    tcp = entry.get("tcp") or {}
    status = "|".join(entry.get("status", ()))
    marks = f"{entry.get('state')} {entry.get('timeout')}s {status} {' '.join(sides)}"
    return f"{text} events={events} {marks} {tcp.get('wscale', '')} {tcp.get('flags', '')}"


def decoded(packet: bytes) -> str:
    """One line on an IP packet."""
    if len(packet) >= HEADER and packet[0] >> 4 == 6:
        return _decoded6(packet)
    if len(packet) < 20:
        return f"{len(packet)} bytes"
    first, tos, total, ident, fragment, ttl, protocol = struct.unpack_from(">BBHHHBB", packet)
    source, destination = (".".join(map(str, packet[at : at + 4])) for at in (12, 16))
    header = (first & 15) * 4
    parts = [f"{source} > {destination} proto {protocol} length {total}/{len(packet)} ihl {header}"]
    if tos or ident or ttl != 64:
        parts.append(f"tos {tos} id {ident} ttl {ttl}")
    if fragment:
        parts.append(f"offset {(fragment & 0x1FFF) * 8} mf {fragment >> 13 & 1} df {fragment >> 14 & 1}")
    if header > 20:
        parts.append(f"options {packet[20:header].hex()}")
    if not fragment & 0x1FFF:
        parts.append(_transport(protocol, packet[header:]))
    return ", ".join(filter(None, parts))


def _decoded6(packet: bytes) -> str:
    first, length, following, hop_limit = struct.unpack_from(">IHBB", packet)
    source, destination = V6.addresses(packet)
    _, start, protocol = walk(packet)
    parts = [f"{source} > {destination} proto {protocol} payload {length}/{len(packet) - HEADER} hop limit {hop_limit}"]
    if first != 6 << 28:
        parts.append(f"traffic class {first >> 20 & 0xFF} flow label {first & 0xFFFFF}")
    if start > HEADER:
        parts.append(f"from {following} on {packet[HEADER:start].hex()}")
    parts.append(_transport(protocol, packet[start:]))
    return ", ".join(filter(None, parts))


def _transport(protocol: int, part: bytes) -> str:
    if protocol == TCP and len(part) >= 20:
        sport, dport, seq, ack, words, flags, window = struct.unpack_from(">HHIIBBH", part)
        letters = "".join(letter for letter, bit in TCP_FLAGS.items() if flags & bit)
        start = (words >> 4) * 4
        return (
            f"TCP {sport} > {dport} [{letters}] seq {seq} ack {ack} win {window}, header {start} "
            f"options {part[20:start].hex()}, {len(part) - start} bytes"
        )
    if protocol == UDP and len(part) >= 8:
        sport, dport, length, check = struct.unpack_from(">HHHH", part)
        return f"UDP {sport} > {dport} length {length} check {check:04x}"
    if protocol in (ICMP, ICMPV6) and len(part) >= 8:
        name = "ICMP" if protocol == ICMP else "ICMPv6"
        return f"{name} type {part[0]} code {part[1]} id {part[4] << 8 | part[5]}, inner {part[8:36].hex()}"
    return ""
