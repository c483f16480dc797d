"""NFStream with its analysis off, counting: ``nfstream_flows.py PATH`` prints packets, IP bytes, flows."""

import sys

from nfstream import NFStreamer


def main() -> None:
    """No statistics, no dissection, no process to share the work with, no flow ended before the capture is."""
    packets = octets = flows = 0
    streamer = NFStreamer(
        source=sys.argv[1],
        statistical_analysis=False,
        splt_analysis=0,
        n_dissections=0,
        n_meters=1,
        accounting_mode=1,
        idle_timeout=36_000,
        active_timeout=36_000,
        system_visibility_mode=0,
        performance_report=0,
    )
    for flow in streamer:
        flows += 1
        packets += flow.bidirectional_packets
        octets += flow.bidirectional_bytes
    print(packets, octets, flows)


if __name__ == "__main__":
    main()
