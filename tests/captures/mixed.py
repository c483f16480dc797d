"""A little of everything, over every kind of link that a capture can come from."""

from __future__ import annotations

import socket
import tempfile
import time

from datagrams import echo_udp
from lab import BLACKHOLE, REJECTED, SERVER, Network, finish
from programs import CLOSED, PING, curl, dig, serve_dns, serve_http
from scenario import scenario


@scenario(
    "cooked-v2.pcap",
    "The same in Linux cooked frames, version 2.",
    interface="any",
    options=("-y", "LINUX_SLL2", "-Q", "in"),
)
@scenario(
    "cooked-v1.pcap",
    "The same in Linux cooked frames, version 1.",
    interface="any",
    options=("-y", "LINUX_SLL", "-Q", "in"),
)
@scenario("raw.pcap", "The same without a link layer, on a TUN device.", middle="tun", interface="eth1")
@scenario("vlan.pcap", middle="trunk", interface="port0")
def visit(net: Network) -> None:
    """Ping, DNS and HTTP with VLAN tag 100, on a trunk of a switch behind the router."""
    with tempfile.TemporaryDirectory() as folder:
        serve_http(net, folder)
        serve_dns(net)
        net.client.run(*PING, "-c", "1", "-e", "600", SERVER)
        net.client.run(*dig("www.example.test"))
        net.client.run(*curl("http://www.example.test/"))


@scenario("tour.pcap")
def tour(net: Network) -> None:
    """A little of everything: DNS, HTTP, ping, a refused and an unanswered connection, an unreachable host,
    fragments, a session that stays open.
    """
    unanswered = net.client.start(*curl("--connect-timeout", "1.5", f"http://{BLACKHOLE}/"))
    visit(net)
    net.client.run(*curl(f"http://{SERVER}:{CLOSED}/"), status=7)
    net.client.run(*dig("-p", str(CLOSED), "www.example.test"), status=9)
    net.client.run(*PING, "-c", "1", "-W", "1", "-e", "601", REJECTED["host-unreachable"], status=1)
    echo_udp(net, (3000,))
    with (
        net.server.socket(socket.SOCK_STREAM, 7) as listener,
        net.client.socket(socket.SOCK_STREAM, 43001) as client,
    ):
        listener.listen()
        client.connect((SERVER, 7))
        with listener.accept()[0] as session:
            client.sendall(b"still there?\n")
            session.sendall(session.recv(100))
            client.recv(100)
            finish(unanswered, status=28)
            time.sleep(0.2)
            net.client.mute("ip protocol tcp")
            net.server.mute("ip protocol tcp")
