"""Make a capture for the benchmark: NAME.pcap, and NAME.json, which says what is in it.

With --snaplen 96 also NAME.s96.pcap, the same packets cut to 96 bytes. With --live also NAME.open.pcap: its
first seconds, in which every flow is opened. With --head 1000 also NAME.head.pcap: its first 1,000 packets, for slow
programs. The same options and the same numpy give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from flows import OPENING, Array, Plan
from frames import ETHERNET, PROTOCOL, RECORD, encode, wire_length
from traffic import build

CHUNK = 8192
LARGEST = 1600
"""Bytes that no record exceeds."""


def chunks(packets: Array, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield pcap records, CHUNK packets at a time: their bytes and the offset of each."""
    noise = np.random.default_rng(seed).integers(0, 256, 2 * CHUNK * LARGEST, dtype=np.uint8)
    for first in range(0, len(packets), CHUNK):
        shift = first * 31 % (CHUNK * LARGEST)
        yield encode(packets[first : first + CHUNK], first, noise[shift:])


def snapped(buffer: Array, start: Array, snaplen: int) -> Array:
    """Return the records with every packet cut to snaplen bytes."""
    sizes = np.diff(start, append=len(buffer)) - RECORD.itemsize
    kept = np.minimum(sizes, snaplen)
    columns = np.arange(RECORD.itemsize + snaplen)
    rows = buffer[np.minimum(start[:, None] + columns, len(buffer) - 1)]
    rows[:, 8:12] = kept.astype("<u4").view(np.uint8).reshape(-1, 4)
    return np.asarray(rows[columns < (RECORD.itemsize + kept)[:, None]])


def write(name: str, packets: Array, seed: int, snaplen: int | None) -> None:
    """Write NAME.pcap and, with a snaplen, NAME.s<snaplen>.pcap."""
    with open(f"{name}.pcap", "wb") as full:
        full.write(file_header(262144))
        if snaplen is None:
            for buffer, _ in chunks(packets, seed):
                full.write(buffer.data)
            return
        with open(f"{name}.s{snaplen}.pcap", "wb") as short:
            short.write(file_header(snaplen))
            for buffer, start in chunks(packets, seed):
                full.write(buffer.data)
                short.write(snapped(buffer, start, snaplen).data)


def file_header(snaplen: int) -> bytes:
    """Return the header of a pcap file: Ethernet, microseconds, little-endian."""
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)


def totals(packets: Array) -> dict[str, int]:
    """Return what a program that reads these packets should count.

    octets: bytes of IP packets. tcp, udp, icmp: flows of each. udp_packets, icmp_packets: packets of each.
    icmp_pairs, icmp_ways: pairs of hosts that exchange ICMP, and those with each direction for itself, as some programs
    count no finer.
    """
    protocol = PROTOCOL[packets["kind"]]
    ports = packets["client_port"] << 24 | packets["server_port"] << 8 | protocol
    flows = np.unique((packets["client"] & 0xFFFFFF) << 40 | ports) & 0xFF
    icmp = packets[protocol == 1]
    hosts = icmp["client"] << 32 | icmp["server"]
    return {
        "packets": len(packets),
        "octets": int((wire_length(packets) - ETHERNET).sum()),
        "flows": len(flows),
        "tcp": int((flows == 6).sum()),
        "udp": int((flows == 17).sum()),
        "icmp": int((flows == 1).sum()),
        "icmp_packets": len(icmp),
        "udp_packets": int((protocol == 17).sum()),
        "icmp_pairs": len(np.unique(hosts)),
        "icmp_ways": sum(len(np.unique(hosts[icmp["reply"] == way])) for way in (False, True)),
    }


def arguments() -> argparse.Namespace:
    """Return the command line, parsed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="path of the capture without its suffix")
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="length of the capture (default 100, --live: 20)")
    parser.add_argument("--snaplen", type=int, metavar="BYTES", help="also write packets cut to this length")
    parser.add_argument("--head", type=int, default=0, metavar="PACKETS", help="also write the first packets alone")
    parser.add_argument("--live", action="store_true", help="open all flows first, use all evenly, close none")
    return parser.parse_args()


def main() -> None:
    """Make the capture that the command line asks for."""
    args = arguments()
    seconds = args.seconds or (20.0 if args.live else 100.0)
    plan = Plan(args.packets, args.flows, args.seed, seconds, args.live)
    if args.live and seconds <= OPENING:
        sys.exit(f"make_capture: a live capture lasts more than {OPENING:g} seconds")
    if args.snaplen is not None and args.snaplen < 1:
        sys.exit("make_capture: --snaplen must be at least 1")
    try:
        packets = build(plan)
    except ValueError as error:
        sys.exit(f"make_capture: {error}")
    parts = {"": packets}
    if args.live:
        parts[".open"] = packets[: np.searchsorted(packets["time"], OPENING * 1e6)]
    if args.head:
        parts[".head"] = packets[: args.head]
    about = {part: totals(some) for part, some in parts.items()}
    for part, some in parts.items():
        write(f"{args.name}{part}", some, args.seed, args.snaplen)
    # Written last: while it is missing the capture is not whole.
    Path(f"{args.name}.json").write_text(json.dumps({"plan": vars(plan), "totals": about}, indent=1) + "\n")
    print(json.dumps(about[""]))


if __name__ == "__main__":
    main()
