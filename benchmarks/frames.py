"""PACKET records in, pcap records (Ethernet, IPv4, right checksums) out; each header is a numpy type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flows import Array, Kind
from tcp import SYN

EPOCH = 1_700_000_000
"""Second at which every capture starts."""

RECORD = np.dtype([("seconds", "<u4"), ("micros", "<u4"), ("caplen", "<u4"), ("length", "<u4")])
NETWORK = np.dtype(
    [
        ("macs", "u1", 12),
        ("ethertype", ">u2"),
        ("version", "u1"),
        ("tos", "u1"),
        ("length", ">u2"),
        ("id", ">u2"),
        ("fragment", ">u2"),
        ("ttl", "u1"),
        ("protocol", "u1"),
        ("checksum", ">u2"),
        ("source", ">u4"),
        ("destination", ">u4"),
    ]
)
ETHERNET = 14
MACS = np.array([[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]], np.uint8)

_PORTS: list[Any] = [("source", ">u2"), ("destination", ">u2")]
_TCP: list[Any] = [
    *_PORTS,
    ("seq", ">u4"),
    ("ack", ">u4"),
    ("offset", "u1"),
    ("flags", "u1"),
    ("window", ">u2"),
    ("checksum", ">u2"),
    ("urgent", ">u2"),
]
_TIMES: list[Any] = [("tsval", ">u4"), ("tsecr", ">u4")]
_UDP: list[Any] = [*_PORTS, ("length", ">u2"), ("checksum", ">u2")]
_QUESTION = b"\x03www\x07example\x03org\x00" + bytes([0, 1, 0, 1])
_RESOURCE = bytes([0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 198, 18, 0, 1])
_DNS: list[Any] = [*_UDP, ("id", ">u2"), ("head", "u1", 10), ("question", "u1", len(_QUESTION))]

LAYOUT = {
    Kind.SYN: np.dtype([*_TCP, ("before", "u1", 8), *_TIMES, ("after", "u1", 4)]),
    Kind.SEGMENT: np.dtype([*_TCP, ("before", "u1", 4), *_TIMES]),
    Kind.SACK: np.dtype([*_TCP, ("before", "u1", 4), *_TIMES, ("after", "u1", 4), ("sack", ">u4", 2)]),
    Kind.DATAGRAM: np.dtype(_UDP),
    Kind.QUERY: np.dtype(_DNS),
    Kind.ANSWER: np.dtype([*_DNS, ("answer", "u1", len(_RESOURCE))]),
    Kind.ECHO: np.dtype([("type", "u1"), ("code", "u1"), ("checksum", ">u2"), ("id", ">u2"), ("seq", ">u2")]),
}
HEADER_SIZE = np.array([LAYOUT[kind].itemsize for kind in Kind])
CHECKSUM_AT = np.array([LAYOUT[kind].fields["checksum"][1] for kind in Kind])  # type: ignore[index]
PROTOCOL = np.array([6, 6, 6, 17, 17, 17, 1])


def encode(packets: Array, first: int, noise: Array) -> tuple[Array, Array]:
    """Return the pcap records of the packets as one array of bytes, and the offset of each record in it.

    first: number of the first packet, for the IP identification. noise: random bytes for the payloads, at
    least as many as the records take.
    """
    wire = wire_length(packets)
    ends = np.cumsum(RECORD.itemsize + wire)
    start = ends - wire - RECORD.itemsize
    transport = ends - wire + NETWORK.itemsize
    buffer = noise[: ends[-1]].copy()
    _put(buffer, start, _records(packets, wire))
    _put(buffer, ends - wire, _networks(packets, wire, first))
    for kind in Kind:
        rows = np.flatnonzero(packets["kind"] == kind)
        headers = np.zeros(len(rows), LAYOUT[kind])
        _FILL[kind](headers, packets[rows])
        _put(buffer, transport[rows], headers)
    _seal(buffer, packets, transport, ends)
    return buffer, start


def wire_length(packets: Array) -> Array:
    """Return the bytes of each packet's frame, without the checksum of Ethernet."""
    length: Array = NETWORK.itemsize + HEADER_SIZE[packets["kind"]] + packets["payload"]
    return length


def _put(buffer: Array, at: Array, headers: Array) -> None:
    size = headers.dtype.itemsize
    buffer[at[:, None] + np.arange(size)] = headers.view(np.uint8).reshape(-1, size)


def _records(packets: Array, wire: Array) -> Array:
    records = np.zeros(len(packets), RECORD)
    records["seconds"] = EPOCH + packets["time"] // 1_000_000
    records["micros"] = packets["time"] % 1_000_000
    records["caplen"] = records["length"] = wire
    return records


def _networks(packets: Array, wire: Array, first: int) -> Array:
    headers = np.zeros(len(packets), NETWORK)
    reply = packets["reply"]
    headers["macs"] = MACS[reply.astype(np.int64)]
    headers["ethertype"] = 0x0800
    headers["version"] = 0x45
    headers["length"] = wire - ETHERNET
    headers["id"] = (first + np.arange(len(packets))) & 0xFFFF
    headers["fragment"] = 0x4000
    headers["ttl"] = np.where(reply, 57, 64)
    headers["protocol"] = PROTOCOL[packets["kind"]]
    headers["source"] = np.where(reply, packets["server"], packets["client"])
    headers["destination"] = np.where(reply, packets["client"], packets["server"])
    raw = headers.view(np.uint8).reshape(len(packets), -1)
    words = np.ascontiguousarray(raw[:, ETHERNET:]).view(">u2")
    headers["checksum"] = _complement(words.sum(axis=1, dtype=np.int64))
    return headers


def _ports(headers: Array, packets: Array) -> None:
    reply = packets["reply"]
    headers["source"] = np.where(reply, packets["server_port"], packets["client_port"])
    headers["destination"] = np.where(reply, packets["client_port"], packets["server_port"])


def _fill_tcp(headers: Array, packets: Array) -> None:
    _ports(headers, packets)
    for field in ("seq", "ack", "flags", "tsval", "tsecr"):
        headers[field] = packets[field]
    headers["offset"] = headers.dtype.itemsize // 4 << 4
    headers["window"] = np.where(packets["flags"] & SYN, 64240, 502)


def _fill_syn(headers: Array, packets: Array) -> None:
    _fill_tcp(headers, packets)
    headers["before"] = (2, 4, 1460 >> 8, 1460 & 0xFF, 4, 2, 8, 10)
    headers["after"] = (1, 3, 3, 7)


def _fill_segment(headers: Array, packets: Array) -> None:
    _fill_tcp(headers, packets)
    headers["before"] = (1, 1, 8, 10)


def _fill_sack(headers: Array, packets: Array) -> None:
    _fill_segment(headers, packets)
    headers["after"] = (1, 1, 5, 10)
    headers["sack"] = packets["sack"]


def _fill_udp(headers: Array, packets: Array) -> None:
    _ports(headers, packets)
    headers["length"] = headers.dtype.itemsize + packets["payload"]


def _fill_query(headers: Array, packets: Array) -> None:
    _fill_udp(headers, packets)
    headers["id"] = packets["seq"]
    headers["head"] = (1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    headers["question"] = tuple(_QUESTION)


def _fill_answer(headers: Array, packets: Array) -> None:
    _fill_query(headers, packets)
    headers["head"] = (0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0)
    headers["answer"] = tuple(_RESOURCE)


def _fill_echo(headers: Array, packets: Array) -> None:
    headers["type"] = np.where(packets["reply"], 0, 8)
    headers["id"] = packets["client_port"]
    headers["seq"] = packets["seq"] & 0xFFFF


_FILL: dict[Kind, Callable[[Array, Array], None]] = {
    Kind.SYN: _fill_syn,
    Kind.SEGMENT: _fill_segment,
    Kind.SACK: _fill_sack,
    Kind.DATAGRAM: _fill_udp,
    Kind.QUERY: _fill_query,
    Kind.ANSWER: _fill_answer,
    Kind.ECHO: _fill_echo,
}


def _seal(buffer: Array, packets: Array, transport: Array, ends: Array) -> None:
    """Write the transport checksums into their fields, still zero (RFC 1071, 9293, 768 and 792)."""
    protocol = PROTOCOL[packets["kind"]]
    addresses = packets["client"], packets["server"]
    pseudo = sum((address >> 16) + (address & 0xFFFF) for address in addresses) + protocol + ends - transport
    total = _sums(buffer, transport, ends) + np.where(protocol == 1, 0, pseudo)
    checksum = _complement(total)
    checksum[(protocol == 17) & (checksum == 0)] = 0xFFFF
    at = transport + CHECKSUM_AT[packets["kind"]]
    buffer[at] = checksum >> 8
    buffer[at + 1] = checksum & 0xFF


def _sums(buffer: Array, start: Array, end: Array) -> Array:
    """Return the sum of the 16-bit words in each buffer[start:end]; an odd last byte is a high byte."""
    even, odd = (np.concatenate(([0], np.cumsum(buffer[side::2], dtype=np.int64))) for side in (0, 1))
    on_even = even[(end + 1) // 2] - even[(start + 1) // 2]
    on_odd = odd[end // 2] - odd[start // 2]
    sums: Array = np.where(start % 2 == 0, (on_even << 8) + on_odd, (on_odd << 8) + on_even)
    return sums


def _complement(total: Array) -> Array:
    for _ in range(3):
        total = (total & 0xFFFF) + (total >> 16)
    complement: Array = ~total & 0xFFFF
    return complement
