"""dpkt and a dictionary of 5-tuples: ``dpkt_flows.py PATH`` prints packets, IP bytes, flows."""

import sys

import dpkt


def main() -> None:
    """Each flow is a list of two counters under the tuple of its first packet."""
    flows: dict[tuple[bytes, bytes, int, int, int], list[int]] = {}
    with open(sys.argv[1], "rb") as file:
        for _, frame in dpkt.pcap.Reader(file):
            ip = dpkt.ethernet.Ethernet(frame).data
            if not isinstance(ip, dpkt.ip.IP):
                continue
            part = ip.data
            if isinstance(part, (dpkt.tcp.TCP, dpkt.udp.UDP)):
                source, target = part.sport, part.dport
            elif isinstance(part, dpkt.icmp.ICMP) and isinstance(part.data, dpkt.icmp.ICMP.Echo):
                source = target = part.data.id
            else:
                source = target = 0
            flow = flows.get((ip.src, ip.dst, source, target, ip.p))
            if flow is None:
                flow = flows.get((ip.dst, ip.src, target, source, ip.p))
            if flow is None:
                flow = flows[ip.src, ip.dst, source, target, ip.p] = [0, 0]
            flow[0] += 1
            flow[1] += ip.len
    print(sum(flow[0] for flow in flows.values()), sum(flow[1] for flow in flows.values()), len(flows))


if __name__ == "__main__":
    main()
