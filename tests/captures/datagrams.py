"""Datagrams by small sockets: fragmented, in a stream, without a checksum, one way."""

from __future__ import annotations

import contextlib
import socket
import time

from lab import BLACKHOLE, SERVER, Network, family_of
from programs import PING
from scenario import scenario
from wire import shuffled_fragments

DGRAM = socket.SOCK_DGRAM


@scenario("fragments.pcap")
def fragments(net: Network) -> None:
    """UDP of 1473 to 20000 bytes and pings of 4000 bytes, fragmented both ways."""
    echo_udp(net, (1473, 3000, 5000, 20000))
    net.client.run(*PING, "-c", "2", "-e", "500", "-s", "4000", SERVER)


@scenario("fragments-reorder.pcap", middle="wire", handling=lambda: shuffled_fragments(lost=3))
def fragments_reorder(net: Network) -> None:
    """The same over a line on which the answers' first fragments come last, last ones twice, and one is
    lost.
    """
    echo_udp(net, (3000, 5000, 4000))
    net.client.run(*PING, "-c", "2", "-e", "501", "-s", "4000", SERVER)


def echo_udp(net: Network, sizes: tuple[int, ...], address: str = SERVER) -> None:
    """Send datagrams of these sizes from one client port to the server, which sends each back once."""
    family = family_of(address)
    with net.client.socket(DGRAM, 41000, 0, family) as client, net.server.socket(DGRAM, 7, 0, family) as server:
        client.settimeout(0.3)
        for size in sizes:
            client.sendto(b"\x5a" * size, (address, 7))
            data, sender = server.recvfrom(65536)
            server.sendto(data, sender)
            with contextlib.suppress(TimeoutError):  # an answer of which a fragment was lost on purpose
                client.recv(65536)
            time.sleep(0.05)


@scenario("udp.pcap")
def udp(net: Network) -> None:
    """UDP: a stream of more than two seconds, no checksum, empty datagrams, one way only."""
    with net.client.socket(DGRAM, 42001) as client, net.server.socket(DGRAM, 7) as server:
        for _ in range(6):
            client.sendto(b"tick", (SERVER, 7))
            server.sendto(b"tock", server.recvfrom(100)[1])
            client.recv(100)
            time.sleep(0.5)
        for number in range(3):
            client.sendto(b"one way", (BLACKHOLE, 9000 + number))
        for end in (client, server):
            end.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
        for data in (b"not summed", b""):
            client.sendto(data, (SERVER, 7))
            server.sendto(data, server.recvfrom(100)[1])
            client.recv(100)
