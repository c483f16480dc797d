"""From ctnetlink's messages to the objects of ``trace -o json``, and from a packet to a query for its flow.

Attribute numbers are those of linux/netfilter/nfnetlink_conntrack.h; names of states and status bits are
those that conntrack prints.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Final

from ctcore.verify.netlink import Attributes, Message, attribute, attributes, nest

TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO, HELP, TIMEOUT, MARK = 1, 2, 3, 4, 5, 7, 8
COUNTERS_ORIG, COUNTERS_REPLY, ID, TUPLE_MASTER, ZONE, TIMESTAMP = 9, 10, 12, 14, 18, 20

ICMP, TCP, UDP, GRE, ICMPV6, SCTP, UDPLITE = 1, 6, 17, 47, 58, 132, 136

_ICMP_ERRORS: Final = {bytes([kind]) for kind in (3, 4, 5, 11, 12)}
_REDIRECT: Final = b"\x89"
_REDIRECTED: Final = 48  # where a redirect carries the packet that was redirected
_FRAGMENT, _AUTHENTICATION, _NO_NEXT_HEADER = 44, 51, 59
_EXTENSIONS: Final = (0, 43, _FRAGMENT, _AUTHENTICATION, _NO_NEXT_HEADER, 60)
_L3: Final[dict[int, str]] = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}
_L4: Final = {
    ICMP: "icmp", TCP: "tcp", UDP: "udp", 33: "dccp", GRE: "gre", ICMPV6: "icmpv6", SCTP: "sctp",
    UDPLITE: "udplite",
}  # fmt: skip
_TCP_STATES: Final = (
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
    "SYN_SENT2",
)  # fmt: skip
_SCTP_STATES: Final = (
    "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT",
)  # fmt: skip
_STATUS: Final = (
    "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED", "SRC_NAT", "DST_NAT", "SEQ_ADJUST", "SRC_NAT_DONE",
    "DST_NAT_DONE", "DYING", "FIXED_TIMEOUT", "TEMPLATE", "NAT_CLASH", "HELPER", "OFFLOAD", "HW_OFFLOAD",
)  # fmt: skip
_STATISTICS: Final = {
    2: "found", 4: "invalid", 8: "insert", 9: "insert_failed", 10: "drop", 11: "early_drop", 12: "error",
    13: "search_restart", 14: "clash_resolve", 15: "chaintoolong",
}  # fmt: skip

_EXPECT_STATISTICS: Final = {1: "expect_new", 2: "expect_create", 3: "expect_delete"}
_EXPECT_FLAGS: Final = ("PERMANENT", "INACTIVE", "USERSPACE")

_Decoder = Callable[[bytes], Any]


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _ipv4(data: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET, data)


def _ipv6(data: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6, data)


_ADDRESSES: Final[dict[int, tuple[str, _Decoder]]] = {
    1: ("src", _ipv4), 2: ("dst", _ipv4), 3: ("src", _ipv6), 4: ("dst", _ipv6),
}  # fmt: skip
_PORTS: Final = {2: "sport", 3: "dport", 4: "id", 5: "type", 6: "code", 7: "id", 8: "type", 9: "code"}
_KEYS: Final = {2: "srckey", 3: "dstkey"}


def flow_tuple(data: bytes) -> dict[str, Any]:
    """One direction of a flow: addresses, and ports, GRE keys (hexadecimal), or type, code and id."""
    parts = attributes(data)
    found: dict[str, Any] = {}
    for kind, value in attributes(parts[1]).items():
        name, read = _ADDRESSES[kind]
        found[name] = read(value)
    protocol = attributes(parts[2])
    for kind, value in protocol.items():
        if protocol[1][0] == GRE and kind in _KEYS:
            found[_KEYS[kind]] = f"0x{_number(value):x}"
        elif kind in _PORTS:
            found[_PORTS[kind]] = _number(value)
    return found


def status_names(bits: int) -> list[str]:
    """The names of the status bits that are set, lowest first."""
    return [name for place, name in enumerate(_STATUS) if bits >> place & 1]


def entry(message: Message) -> dict[str, Any]:
    """A conntrack message as an entry object; what an event does not tell is None, or 0 for mark and zone."""
    told = message.attributes
    number = attributes(attributes(told[TUPLE_ORIG])[2])[1][0]
    found: dict[str, Any] = {
        "l3": _L3.get(message.family, "unknown"),
        "l3num": message.family,
        "l4": _L4.get(number, "unknown"),
        "l4num": number,
        "timeout": _number(told[TIMEOUT]) if TIMEOUT in told else None,
        "state": None,
        "original": _direction(told, TUPLE_ORIG, COUNTERS_ORIG),
        "reply": _direction(told, TUPLE_REPLY, COUNTERS_REPLY),
        "status": status_names(_number(told.get(STATUS, b""))),
        "mark": _number(told.get(MARK, b"")),
        "zone": _number(told.get(ZONE, b"")),
        "id": _number(told.get(ID, b"")),
        "helper": _helper(told),
        "master": flow_tuple(told[TUPLE_MASTER]) if TUPLE_MASTER in told else None,
    }
    if TIMESTAMP in told:
        times = attributes(told[TIMESTAMP])
        found["timestamp"] = {name: _number(times[kind]) for kind, name in ((1, "start"), (2, "stop")) if kind in times}
    if PROTOINFO in told:
        _protocol(attributes(told[PROTOINFO]), found)
    return found


def original(message: Message) -> bytes:
    """The attributes that ask for a conntrack message's flow again."""
    return nest(TUPLE_ORIG, message.attributes[TUPLE_ORIG])


def expectation(message: Message) -> dict[str, Any]:
    """An expectation message as an expectation object."""
    told = message.attributes
    flags = _number(told.get(8, b""))
    number = attributes(attributes(told[2])[2])[1][0]
    return {
        "l3": _L3.get(message.family, "unknown"),
        "l3num": message.family,
        "l4": _L4.get(number, "unknown"),
        "l4num": number,
        "timeout": _number(told[4]),
        "expected": flow_tuple(told[2]),
        "mask": flow_tuple(told[3]),
        "master": flow_tuple(told[1]),
        "flags": [name for place, name in enumerate(_EXPECT_FLAGS) if flags >> place & 1],
        "class": _number(told.get(9, b"")),
        "zone": _number(told.get(7, b"")),
        "helper": told[6].rstrip(b"\0").decode() if 6 in told else None,
    }


def statistics(messages: list[Message]) -> dict[str, int]:
    """The counters of ``conntrack -S``, summed over the processors."""
    return _sums(messages, _STATISTICS)


def expect_statistics(messages: list[Message]) -> dict[str, int]:
    """The counters of ``conntrack -S expect``, summed over the processors."""
    return _sums(messages, _EXPECT_STATISTICS)


def _sums(messages: list[Message], names: dict[int, str]) -> dict[str, int]:
    total = dict.fromkeys(names.values(), 0)
    for message in messages:
        for kind, name in names.items():
            total[name] += _number(message.attributes.get(kind, b""))
    return total


def query(packet: bytes, related: bool = False, version: int | None = None) -> tuple[int, bytes] | None:
    """(address family, attributes) that ask for the flow of an IP packet's own tuple; None where it has none.

    With ``related``, an ICMP error or a redirect asks for the flow of the packet that it carries. Fragments and
    packets too short for their ports have none. A tuple finds the flow of either direction. Of GRE's keys a packet
    tells one; the other one is taken for zero. ``version`` is of which IP it is, where its first byte is not to be
    trusted.
    """
    if version is None:
        version = packet[0] >> 4 if packet else 0
    found = _network(packet, version, inner=False)
    quoted = _quoted(found[2], found[3]) if found and related else None
    if found and quoted is not None:
        found = _network(quoted, 4 if found[0] == socket.AF_INET else 6, inner=True)
    if found is None:
        return None
    family, addresses, number, rest = found
    parts = _transport(number, rest)
    if parts is None:
        return None
    return family, nest(TUPLE_ORIG, addresses, nest(2, attribute(1, bytes([number])), *parts))


def _transport(number: int, rest: bytes) -> list[bytes] | None:
    """The attributes of a transport header's part of the tuple; none for a protocol that has no tracker."""
    if number in (TCP, UDP, UDPLITE, SCTP):
        return [attribute(2, rest[:2]), attribute(3, rest[2:4])] if len(rest) >= 4 else None
    if number in (ICMP, ICMPV6):
        base = 4 if number == ICMP else 7
        kind = [attribute(base, rest[4:6]), attribute(base + 1, rest[:1]), attribute(base + 2, rest[1:2])]
        return kind if len(rest) >= 8 else None
    if number == GRE:
        return _keys(rest)
    return []


def _keys(rest: bytes) -> list[bytes] | None:
    """The keys of a GRE packet: those of PPTP, which carries PPP (0x880b) alone, or zero."""
    if len(rest) < 8 or rest[1] & 7 != 1:
        return [attribute(2, bytes(2)), attribute(3, bytes(2))]
    return [attribute(2, bytes(2)), attribute(3, rest[6:8])] if rest[2:4] == b"\x88\x0b" else None


def _quoted(number: int, rest: bytes) -> bytes | None:
    """What an ICMP error or a redirect carries of another packet; None for what is neither."""
    if (number == ICMP and rest[:1] in _ICMP_ERRORS) or (number == ICMPV6 and rest[:1] < b"\x80"):
        return rest[8:]
    return rest[_REDIRECTED:] if number == ICMPV6 and rest[:1] == _REDIRECT else None


def _network(packet: bytes, version: int, inner: bool) -> tuple[int, bytes, int, bytes] | None:
    """(address family, nested addresses, transport protocol, what follows the network header).

    A first fragment inside an ICMP error (``inner``) still names its flow, whatever its header says of its version
    and its length.
    """
    if version == 4 and len(packet) >= 20 and not (packet[6] & (0x1F if inner else 0x3F) or packet[7]):
        start, end = (packet[0] & 15) * 4, None if inner else int.from_bytes(packet[2:4], "big")
        addresses = nest(1, attribute(1, packet[12:16]), attribute(2, packet[16:20]))
        return socket.AF_INET, addresses, packet[9], packet[start:end]
    if version == 6 and len(packet) >= 40:
        length = int.from_bytes(packet[4:6], "big")
        end = 40 + length if length and not inner else None
        found = _behind_extensions(packet[6], packet[40:end])
        addresses = nest(1, attribute(3, packet[8:24]), attribute(4, packet[24:40]))
        return None if found is None else (socket.AF_INET6, addresses, *found)
    return None


def _behind_extensions(number: int, rest: bytes) -> tuple[int, bytes] | None:
    """(transport protocol, what follows the extension headers of IPv6); None where there is no transport header."""
    while number in _EXTENSIONS:
        if number == _NO_NEXT_HEADER or len(rest) < 2:
            return None
        if number == _FRAGMENT and (len(rest) < 4 or rest[2] or rest[3] & 0xF8):
            return None
        words = 1 if number == _FRAGMENT else rest[1] + 1
        size = (rest[1] + 2) * 4 if number == _AUTHENTICATION else words * 8
        number, rest = rest[0], rest[size:]
    return number, rest


def _direction(told: Attributes, kind: int, counters: int) -> dict[str, Any]:
    found = flow_tuple(told[kind])
    if counters in told:
        count = attributes(told[counters])
        found["packets"], found["bytes"] = _number(count[1]), _number(count[2])
    return found


def _helper(told: Attributes) -> str | None:
    return attributes(told[HELP])[1].rstrip(b"\0").decode() if HELP in told else None


def _protocol(info: Attributes, found: dict[str, Any]) -> None:
    if 1 in info:
        tcp = attributes(info[1])
        found["state"] = _TCP_STATES[tcp[1][0]]
        if 2 in tcp:
            found["tcp"] = {"wscale": [tcp[2][0], tcp[3][0]], "flags": [tcp[4][0], tcp[5][0]]}
    elif 3 in info:
        sctp = attributes(info[3])
        found["state"] = _SCTP_STATES[sctp[1][0]]
        if 2 in sctp:
            found["sctp"] = {"vtag": [_number(sctp[2]), _number(sctp[3])]}
