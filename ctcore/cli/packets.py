"""A packet and what became of it as one line for people: the format of ``ctcore trace``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from ctcore.api import Result
from ctcore.conn import Conn
from ctcore.netfilter import ACCEPT
from ctcore.packet import Packet
from ctcore.sysctl import SECOND

TUPLE_WIDTH: Final = 52


class PacketLine:
    """Makes the lines of one trace."""

    def __init__(self) -> None:
        self._arrow = "→" if _can_print("→") else "->"

    def line(self, number: int, elapsed: int, pkt: Packet, result: Result) -> str:
        """The line of a packet: number, nanoseconds since the first one, itself, and what became of it."""
        entry = result.entry
        parts = (
            f"{number:>6} {elapsed / SECOND:>11.6f}",
            f"{self._packet(pkt):<{TUPLE_WIDTH}}",
            f"{result.state:<11} {result.direction or '-':<8}",
            f"{_state(entry):<11} {_timeout(entry, pkt.now):>6}",
            *(() if result.verdict == ACCEPT else (result.verdict.name,)),
            *(self._event(event, entry) for event in result.events),
            *([] if not result.reasons else [f"({'; '.join(result.reasons)})"]),
        )
        return " ".join(parts).rstrip()

    def _packet(self, pkt: Packet) -> str:
        """Protocol, source and destination of the packet itself, as far as they can be told."""
        l3 = pkt.l3
        addrs = None if l3 is pkt.net.l3_none else l3.pkt_to_tuple(pkt, pkt.nhoff)
        if addrs is None:
            return "-"
        found = l3.get_l4proto(pkt, pkt.nhoff)
        if found is None:
            return self._tuple(l3.name, dict(l3.print_tuple(addrs, False)))
        dataoff, protonum = found
        l4 = pkt.net.l4protos[protonum]
        u = l4.pkt_to_tuple(pkt, dataoff)
        fields = dict(l3.print_tuple(addrs, False))
        if u is not None:
            fields.update(l4.print_tuple(u))
        return self._tuple(f"proto-{protonum}" if l4 is pkt.net.generic else l4.name, fields)

    def _tuple(self, protocol: str, fields: Mapping[str, Any]) -> str:
        rest = dict(fields)
        ends = []
        for address, port in (("src", "sport"), ("dst", "dport")):
            text = rest.pop(address)
            if port in rest:
                text = f"[{text}]:{rest.pop(port)}" if ":" in text else f"{text}:{rest.pop(port)}"
            ends.append(text)
        told = "".join(f" {name}={value}" for name, value in rest.items() if name not in ("packets", "bytes"))
        return f"{protocol} {ends[0]} {self._arrow} {ends[1]}{told}"

    def _event(self, event: Mapping[str, Any], entry: Conn | None) -> str:
        """The kind of an event, and the flow where it is not the packet's own, or what is expected."""
        if "expected" in event:
            return f"[{event['type']} {self._tuple(event['l4'], event['expected'])}]"
        if entry is not None and event["id"] == entry.id:
            return f"[{event['type']}]"
        return f"[{event['type']} {self._tuple(event['l4'], event['original'])}]"


def _state(entry: Conn | None) -> str:
    if entry is None or entry.proto is None:
        return "-"
    return str(entry.l4.protoinfo(entry).get("state") or "-")


def _timeout(entry: Conn | None, now: int) -> str:
    return "-" if entry is None else f"{entry.remaining(now) // SECOND}s"


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
