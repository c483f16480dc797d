"""A tracker of a few lines, to be checked: ``ctcore verify --tracker 'python tracker.py {capture}' ...``.

It knows flows of TCP and UDP by addresses and ports, and nothing of states, timeouts or ICMP. So it prints the relation
of a packet to its flow, the direction, and the two tuples of the flow.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import Any

Key = tuple[int, str, int, str, int]  # protocol, source and its port, destination and its port


def main(path: str) -> None:
    """Print a line for each packet of a pcap file of Ethernet frames."""
    flows: dict[Key, bool] = {}  # with the tuple of the first packet; whether there was a reply
    with open(path, "rb") as file:
        file.read(24)
        frame = 0
        while header := file.read(16):
            frame += 1
            data = file.read(struct.unpack("<8xI4x", header)[0])
            print(json.dumps({"frame": frame, **track(data, flows)}))


def track(frame: bytes, flows: dict[Key, bool]) -> dict[str, Any]:
    """What became of a packet."""
    if frame[12:14] != b"\x08\x00" or frame[23] not in (6, 17):
        return {"ctinfo": "none", "direction": None, "entry": None}
    source, destination = (".".join(map(str, frame[at : at + 4])) for at in (26, 30))
    sport, dport = struct.unpack_from("!HH", frame, 14 + (frame[14] & 15) * 4)
    key, back = (frame[23], source, sport, destination, dport), (frame[23], destination, dport, source, sport)
    if back in flows:
        flows[back] = True
        return {"ctinfo": "established", "direction": "reply", "entry": entry(back)}
    replied = flows.setdefault(key, False)
    return {"ctinfo": "established" if replied else "new", "direction": "original", "entry": entry(key)}


def entry(key: Key) -> dict[str, Any]:
    """A flow, as far as it is known."""
    protocol, source, sport, destination, dport = key
    original = {"src": source, "dst": destination, "sport": sport, "dport": dport}
    reply = {"src": destination, "dst": source, "sport": dport, "dport": sport}
    return {"l3num": 2, "l4num": protocol, "original": original, "reply": reply}


if __name__ == "__main__":
    main(sys.argv[1])
