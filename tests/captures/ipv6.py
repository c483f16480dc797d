"""The same programs over IPv6, and what only IPv6 has: neighbour discovery, multicast listeners, redirects."""

from __future__ import annotations

import socket
import struct
import tempfile
import time

from datagrams import echo_udp
from lab import ABSENT6, BLACKHOLE6, CLIENT6, NO_ROUTE6, REJECTED6, SERVER6, Network, finish
from programs import CLOSED, PING, curl, dig, serve_dns, serve_http
from scenario import scenario
from wire import shuffled_fragments

DGRAM, RAW = socket.SOCK_DGRAM, socket.SOCK_RAW
IPV6_DSTOPTS, IPV6_HOPOPTS = 59, 54  # socket options of Linux
GROUP, BETTER = "ff02::4242", "fe80::77"
ELSEWHERE = "2001:db8:5::1"


@scenario("http6.pcap", ipv6=True)
def http6(net: Network) -> None:
    """HTTP over IPv6: several requests on one kept-alive connection, a HEAD; a closed port, twice."""
    page = "http://www.example.test/"
    with tempfile.TemporaryDirectory() as folder:
        serve_http(net, folder, SERVER6)
        net.client.run(*curl(page, "-o", "/dev/null", page + "none", server=f"[{SERVER6}]"))
        net.client.run(*curl("--head", page, server=f"[{SERVER6}]"))
        for _ in range(2):
            net.client.run(*curl(f"http://[{SERVER6}]:{CLOSED}/"), status=7)


@scenario("dns6.pcap", ipv6=True)
def dns6(net: Network) -> None:
    """DNS over IPv6: over UDP and TCP, two questions from one port, one to a closed port."""
    serve_dns(net, SERVER6)
    net.client.run(*dig("www.example.test", "AAAA", server=SERVER6))
    net.client.run(*dig("absent.example.test", "A", server=SERVER6))
    net.client.run(*dig("+tcp", "www.example.test", "A", server=SERVER6))
    net.client.run(*dig("+noedns", "long.example.test", "TXT", server=SERVER6))
    for kind in ("A", "AAAA"):
        net.client.run(*dig("-b", f"{CLIENT6}#40053", "www.example.test", kind, server=SERVER6))
    net.client.run(*dig("-p", str(CLOSED), "www.example.test", server=SERVER6), status=9)


@scenario("ping6.pcap", ipv6=True)
def ping6(net: Network) -> None:
    """Echo over IPv6 with several ids at once, empty and large, both ways, to a neighbour's link-local address and to
    all nodes, without an answer; a node information query.
    """
    pings = [
        net.client.start(*PING, "-c", "3", "-e", str(100 + size), "-s", str(size), SERVER6) for size in (0, 56, 1400)
    ]
    for process in pings:
        finish(process)
    net.client.run(*PING, "-c", "2", "-W", "1", "-e", "300", BLACKHOLE6, status=1)
    net.server.run(*PING, "-c", "2", "-e", "156", CLIENT6)
    net.client.run(*PING, "-c", "2", "-e", "301", "fe80::ff:fe00:2%eth0")
    net.client.run(*PING, "-c", "1", "-e", "302", "ff02::1%eth0")
    net.client.run(*PING, "-N", "name", "-c", "1", "-W", "1", SERVER6, status=1)


@scenario("traceroute6.pcap", ipv6=True)
def traceroute6(net: Network) -> None:
    """Time exceeded and port unreachable over IPv6: traceroute with UDP, ICMPv6 and TCP, from a hop limit of 2."""
    for mode in ((), ("-I",), ("-T",)):
        net.client.run("traceroute", "-6", "-n", *mode, "-f", "2", "-m", "4", "-q", "2", "-w", "1", SERVER6)


@scenario("unreachable6.pcap", ipv6=True)
def unreachable6(net: Network) -> None:
    """ICMPv6 no route, address unreachable and administratively prohibited, each for ping, TCP and UDP; a host that is
    not there, so that its errors come three seconds later.
    """
    for host in (NO_ROUTE6, *REJECTED6.values()):
        net.client.run(*PING, "-c", "2", "-W", "1", host, status=1)
        net.client.run(*curl(f"http://[{host}]/"), status=7)
        net.client.run(*dig("www.example.test", server=host), status=9)
    net.client.run(*PING, "-c", "3", "-W", "4", ABSENT6, status=1)


@scenario("fragments6.pcap", ipv6=True)
def fragments6(net: Network) -> None:
    """UDP of 1453 to 20000 bytes and pings of 4000 bytes over IPv6, fragmented both ways."""
    echo_udp(net, (1453, 3000, 5000, 20000), SERVER6)
    net.client.run(*PING, "-c", "2", "-e", "500", "-s", "4000", SERVER6)


@scenario("fragments6-reorder.pcap", ipv6=True, middle="wire", handling=lambda: shuffled_fragments(lost=3))
def fragments6_reorder(net: Network) -> None:
    """The same over a line on which the answers' first fragments come last, last ones twice, and one is lost."""
    echo_udp(net, (3000, 5000, 4000), SERVER6)
    net.client.run(*PING, "-c", "2", "-e", "501", "-s", "4000", SERVER6)


@scenario("toobig6.pcap", ipv6=True)
def toobig6(net: Network) -> None:
    """Pings and segments too long for a link behind the gateway: ICMPv6 packet too big, then fragments and shorter
    segments.
    """
    for node in (net.gateway, net.server):
        node.ip("link set eth0 mtu 1280")
    net.client.run(*PING, "-c", "3", "-e", "600", "-s", "1400", SERVER6)
    with tempfile.TemporaryDirectory() as folder:
        serve_http(net, folder, SERVER6)
        body = ("--data-binary", "x" * 4000, "--request", "GET")
        net.client.run(*curl("http://www.example.test/", *body, server=f"[{SERVER6}]"))


@scenario("extensions6.pcap", ipv6=True)
def extensions6(net: Network) -> None:
    """Hop-by-hop and destination options before UDP, alone and in fragments; a protocol that the server does not speak
    (ICMPv6 unrecognized next header); a group that the client joins and leaves (multicast listener reports).
    """
    padding = bytes((0, 0, 1, 4, 0, 0, 0, 0))
    with (
        net.client.socket(DGRAM, 42006, 0, socket.AF_INET6) as client,
        net.server.socket(DGRAM, 7, 0, socket.AF_INET6) as server,
    ):
        for options in ((IPV6_DSTOPTS,), (IPV6_HOPOPTS, IPV6_DSTOPTS)):
            for option in options:
                client.setsockopt(socket.IPPROTO_IPV6, option, padding)
            for size in (10, 3000):
                client.sendto(b"x" * size, (SERVER6, 7))
                server.sendto(*server.recvfrom(65536))
                client.recv(65536)
        index = struct.pack("@I", 0)
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, GROUP) + index)
        time.sleep(1.5)
    with net.client.socket(RAW, 0, 253, socket.AF_INET6) as experimental:
        for _ in range(2):
            experimental.sendto(b"a protocol for experiments", (SERVER6, 0))
            time.sleep(0.1)


@scenario("redirect6.pcap", ipv6=True)
def redirect6(net: Network) -> None:
    """A router that sends packets back where they came from, and tells the client of the better way (redirects)."""
    net.router.ip(f"-6 neigh add {BETTER} lladdr 02:00:00:00:00:77 dev eth0")
    net.router.ip(f"-6 route add {ELSEWHERE} via {BETTER} dev eth0")
    net.client.run(*PING, "-c", "2", "-W", "1", "-e", "700", ELSEWHERE, status=1)
    net.client.run(*dig("www.example.test", server=ELSEWHERE), status=9)
