"""scapy and a dictionary of 5-tuples: ``scapy_flows.py PATH`` prints packets, IP bytes, flows."""

import sys

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether  # noqa: F401 - makes scapy know the link layer
from scapy.utils import PcapReader


def main() -> None:
    """Each flow is a list of two counters under the tuple of its first packet."""
    flows: dict[tuple[str, str, int, int, int], list[int]] = {}
    with PcapReader(sys.argv[1]) as reader:
        for frame in reader:
            if IP not in frame:
                continue
            ip = frame[IP]
            source = target = 0
            for kind in (TCP, UDP):
                if kind in ip:
                    source, target = ip[kind].sport, ip[kind].dport
            if ICMP in ip:
                source = target = ip[ICMP].id or 0
            flow = flows.get((ip.src, ip.dst, source, target, ip.proto))
            if flow is None:
                flow = flows.get((ip.dst, ip.src, target, source, ip.proto))
            if flow is None:
                flow = flows[ip.src, ip.dst, source, target, ip.proto] = [0, 0]
            flow[0] += 1
            flow[1] += ip.len
    print(sum(flow[0] for flow in flows.values()), sum(flow[1] for flow in flows.values()), len(flows))


if __name__ == "__main__":
    main()
