"""TCP connections that open, close, stall, break and come back in every way that two Linux hosts manage."""

from __future__ import annotations

import socket
import struct
import time

from lab import BLACKHOLE, CLIENT, SERVER, Network, finish
from programs import curl
from scenario import scenario
from wire import delayed

PORT = 8081
STREAM = socket.SOCK_STREAM


def connect(net: Network, sport: int, dport: int = PORT) -> tuple[socket.socket, socket.socket]:
    """The two ends, client's and server's, of a new connection between these ports."""
    with net.server.socket(STREAM, dport) as listener:
        listener.listen()
        client = net.client.socket(STREAM, sport)
        client.connect((SERVER, dport))
        return client, listener.accept()[0]


def talk(client: socket.socket, server: socket.socket) -> None:
    """A question and its answer."""
    client.sendall(b"question\n")
    server.sendall(server.recv(100).upper())
    client.recv(100)


def abort(end: socket.socket) -> None:
    """Close with a RST in place of a FIN."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def pause(seconds: float = 0.1) -> None:
    """Let what is on its way arrive."""
    time.sleep(seconds)


@scenario("halfopen.pcap")
def halfopen(net: Network) -> None:
    """A SYN without an answer, sent again twice; a SYN-ACK without an answer, sent again."""
    net.client.mute(f"tcp dport {PORT} tcp flags & syn == 0")
    unanswered = net.client.start(*curl("--connect-timeout", "4", f"http://{BLACKHOLE}/"))
    with net.server.socket(STREAM, PORT) as listener, net.client.socket(STREAM, 43000) as client:
        listener.listen()
        client.connect((SERVER, PORT))
        finish(unanswered, status=28)
        net.server.mute("ip protocol tcp")


@scenario("vanish.pcap")
def vanish(net: Network) -> None:
    """A client that vanishes while the server sends; one that crashes and comes back from the same port
    (challenge ACK, RST, a new connection).
    """
    gone, left = connect(net, 43001)
    talk(gone, left)
    crashed, kept = connect(net, 43002)
    talk(crashed, kept)
    net.client.mute("ip protocol tcp")
    abort(gone)
    abort(crashed)
    left.sendall(b"are you there?\n" * 10)
    pause(3.5)
    net.client.unmute()
    net.client.mute("tcp sport 43001")
    again, new = connect(net, 43002)
    talk(again, new)
    for end in (again, new):
        end.close()
    pause()
    net.server.mute("ip protocol tcp")
    for end in (left, kept):
        end.close()


@scenario("half-close.pcap")
def half_close(net: Network) -> None:
    """The client closes its half at once, the server answers for half a second more; then the other way
    round.
    """
    for first in (0, 1):
        ends = connect(net, 43010 + first)
        talk(*ends)
        ends[first].shutdown(socket.SHUT_WR)
        for _ in range(5):
            ends[1 - first].sendall(b"more\n" * 10)
            pause()
        for end in (ends[1 - first], ends[first]):
            end.close()
        pause()


@scenario("simultaneous.pcap", middle="wire", handling=lambda: delayed(0.03))
def simultaneous(net: Network) -> None:
    """Two connections closed by both ends at once (one with data on its way), and one opened by both ends at
    once.
    """
    for number in range(2):
        ends = connect(net, 43020 + number)
        talk(*ends)
        pause()
        if number:
            for end in ends:
                end.sendall(b"last words\n")
        for end in ends:
            end.shutdown(socket.SHUT_WR)
        pause(0.2)
        for end in ends:
            end.close()
    client, server = net.client.socket(STREAM, 43022), net.server.socket(STREAM, PORT)
    for end, peer in ((client, (SERVER, PORT)), (server, (CLIENT, 43022))):
        end.setblocking(False)
        end.connect_ex(peer)
    pause(0.3)
    for end in (client, server):
        end.settimeout(5)
    talk(client, server)
    for end in (client, server):
        end.close()
        pause()


@scenario("abort.pcap", middle="wire", handling=lambda: delayed(0.02))
def abortive(net: Network) -> None:
    """RST in place of a FIN: by the client, by a server with unread data, for data after a close, by both
    ends at once, in the middle of a handshake.
    """
    client, server = connect(net, 43030)
    talk(client, server)
    abort(client)
    server.close()
    client, server = connect(net, 43031)
    client.sendall(b"nobody reads this\n")
    pause()
    server.close()
    client.close()
    client, server = connect(net, 43032)
    talk(client, server)
    client.close()
    pause()
    server.sendall(b"too late\n")
    pause()
    server.close()
    ends = connect(net, 43034)
    for end in ends:
        end.sendall(b"last words\n")
    pause()
    for end in ends:
        abort(end)
    pause()
    with net.server.socket(STREAM, PORT) as listener:
        listener.listen()
        impatient = net.client.socket(STREAM, 43033)
        impatient.setblocking(False)
        impatient.connect_ex((SERVER, PORT))
        abort(impatient)
        pause(0.3)


@scenario("reuse.pcap")
def reuse(net: Network) -> None:
    """The same four-tuple again while it is in TIME_WAIT: at the server, at the client, and opened from the
    other side.
    """
    for closes_first in (1, 0):
        for _ in range(2):
            ends = connect(net, 43040 + closes_first)
            talk(*ends)
            ends[closes_first].close()
            pause(0.05)
            ends[1 - closes_first].close()
            pause(1.2 if not closes_first else 0.05)
    ends = connect(net, 43042)
    talk(*ends)
    ends[0].close()
    pause(0.05)
    ends[1].close()
    pause(0.05)
    with net.client.socket(STREAM, 43042) as listener, net.server.socket(STREAM, PORT) as back:
        listener.listen()
        back.connect((CLIENT, 43042))
        with listener.accept()[0] as accepted:
            talk(back, accepted)
    pause()


@scenario("keepalive.pcap")
def keepalive(net: Network) -> None:
    """An idle connection with keep-alive probes every second, answered."""
    client, server = connect(net, 43050)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
        client.setsockopt(socket.IPPROTO_TCP, option, 1)
    talk(client, server)
    pause(3.5)
    for end in (client, server):
        end.close()
        pause()


@scenario("zero-window.pcap")
def zero_window(net: Network) -> None:
    """A receiver that stops reading: the window shuts, is probed, and opens again."""
    client, server = connect(net, 43060)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server.setblocking(False)
    sent = server.send(bytes(24000))
    server.settimeout(5)
    pause(2)
    while sent:
        sent -= len(client.recv(2000))
        pause(0.01)
    for end in (server, client):
        end.close()
        pause()


@scenario("pmtu.pcap")
def pmtu(net: Network) -> None:
    """Segments too long for a link behind the gateway: ICMP fragmentation needed, shorter segments."""
    net.gateway.ip("link set eth0 mtu 1000")
    client, server = connect(net, 43070)
    client.sendall(bytes(6000))
    left = 6000
    while left:
        left -= len(server.recv(6000))
    for end in (client, server):
        end.close()
        pause()
