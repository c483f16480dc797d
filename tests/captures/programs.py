"""Traffic of real programs: an HTTP server and curl, dnsmasq and dig, ping, traceroute."""

from __future__ import annotations

import pathlib
import socket
import sys
import tempfile
import time

from lab import ABSENT, BLACKHOLE, CLIENT, NO_ROUTE, REJECTED, SERVER, Network, finish
from scenario import scenario
from wire import lossy

HTTP_SERVER = """
import functools, http.server, socket, sys
handler = http.server.SimpleHTTPRequestHandler
handler.protocol_version = "HTTP/1.1"
handler.server_version, handler.sys_version = "lab", ""
bound = functools.partial(handler, directory=sys.argv[2])
server = http.server.ThreadingHTTPServer
server.address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server((sys.argv[1], 80), bound).serve_forever()
"""
DNS_SERVER = (
    "dnsmasq",
    "--no-daemon",
    "--conf-file=/dev/null",
    "--no-resolv",
    "--no-hosts",
    "--bind-interfaces",
    "--user=root",
    "--pid-file=",
    "--local=/example.test/",
    f"--host-record=www.example.test,{SERVER},2001:db8::80",
    *(f"--txt-record=long.example.test,{letter * 200}" for letter in "abc"),
)
PING = ("ping", "-n", "-q", "-i", "0.2")
CLOSED = 8099


def curl(*arguments: str, server: str = SERVER) -> tuple[str, ...]:
    """A curl command line that reads no settings and asks no resolver."""
    return (
        "curl",
        "-q",
        "--noproxy",
        "*",
        "--silent",
        "--max-time",
        "10",
        "--output",
        "/dev/null",
        "--resolve",
        f"www.example.test:80:{server}",
        *arguments,
    )


def dig(*arguments: str, server: str = SERVER) -> tuple[str, ...]:
    """A dig command line for the server's DNS, one try of one second."""
    return ("dig", "-r", f"@{server}", "+tries=1", "+time=1", "+nocookie", *arguments)


def serve_http(net: Network, folder: str, address: str = SERVER) -> None:
    """Start the HTTP server with a short page and a longer one."""
    pathlib.Path(folder, "index.html").write_text("<p>A page of the lab.</p>\n" * 20)
    lines = (f"{line:6} of the data of the lab\n" for line in range(3200))
    pathlib.Path(folder, "data").write_text("".join(lines))
    net.server.start(sys.executable, "-c", HTTP_SERVER, address, folder)
    net.server.await_port(address, 80)


def serve_dns(net: Network, address: str = SERVER) -> None:
    """Start dnsmasq with a few names of its own."""
    net.server.start(*DNS_SERVER, f"--listen-address={address}")
    net.server.await_port(address, 53)


@scenario("http.pcapng", "The same, recorded anew, as pcapng.")
@scenario("http.pcap")
def http(net: Network) -> None:
    """HTTP: several requests on one kept-alive connection, a HEAD, a missing page, HTTP/1.0."""
    page = "http://www.example.test/"
    with tempfile.TemporaryDirectory() as folder:
        serve_http(net, folder)
        net.client.run(*curl(page, "-o", "/dev/null", page + "index.html", "-o", "/dev/null", page + "none"))
        net.client.run(*curl("--head", page))
        net.client.run(*curl("--http1.0", page))


@scenario("dns.pcap")
def dns(net: Network) -> None:
    """DNS: A, AAAA, a name that is not there, one question over TCP, one truncated and asked again over TCP;
    two questions from one port.
    """
    serve_dns(net)
    net.client.run(*dig("www.example.test", "A"))
    net.client.run(*dig("www.example.test", "AAAA"))
    net.client.run(*dig("absent.example.test", "A"))
    net.client.run(*dig("+tcp", "www.example.test", "A"))
    net.client.run(*dig("+noedns", "long.example.test", "TXT"))
    for kind in ("A", "AAAA"):
        net.client.run(*dig("-b", f"{CLIENT}#40053", "www.example.test", kind))


@scenario("ping.pcap")
def ping(net: Network) -> None:
    """Echo with several ids at once, empty and large, both ways, with IP options, without an answer."""
    pings = [
        net.client.start(*PING, "-c", "3", "-e", str(100 + size), "-s", str(size), SERVER) for size in (0, 56, 1400)
    ]
    for process in pings:
        finish(process)
    net.client.run(*PING, "-c", "2", "-W", "1", "-e", "300", BLACKHOLE, status=1)
    net.server.run(*PING, "-c", "2", "-e", "156", CLIENT)
    net.client.run(*PING, "-c", "1", "-e", "401", "-R", SERVER)
    net.client.run(*PING, "-c", "1", "-e", "402", "-T", "tsandaddr", SERVER)


@scenario("refused.pcap")
def refused(net: Network) -> None:
    """TCP to a closed port (RST), UDP to a closed port (ICMP port unreachable), a protocol that the server
    does not speak (ICMP protocol unreachable).
    """
    for _ in range(2):
        net.client.run(*curl(f"http://{SERVER}:{CLOSED}/"), status=7)
    net.client.run(*dig("-p", str(CLOSED), "www.example.test"), status=9)
    net.client.run(*dig("-p", str(CLOSED), "-b", f"{CLIENT}#40054", "www.example.test"), status=9)
    with net.client.socket(socket.SOCK_RAW, protocol=253) as experimental:
        for _ in range(2):
            experimental.sendto(b"a protocol for experiments", (SERVER, 0))
            time.sleep(0.1)


@scenario("transfer-loss.pcap", middle="wire", handling=lambda: lossy(seed=7, loss=0.03, late=0.03, twice=0.02))
def transfer_loss(net: Network) -> None:
    """A download over a line that loses 3 %, delays 3 % and doubles 2 % of the frames: holes, SACK,
    retransmissions.
    """
    net.client.ip("route replace default via 192.0.2.1 advmss 536")
    with tempfile.TemporaryDirectory() as folder:
        serve_http(net, folder)
        net.client.run(*curl("http://www.example.test/data"))


@scenario("unreachable.pcap")
def unreachable(net: Network) -> None:
    """ICMP net unreachable, host unreachable and administratively prohibited, each for ping, TCP and UDP; a
    host that is not there, so that its errors come three seconds later.
    """
    for host in (NO_ROUTE, *REJECTED.values()):
        net.client.run(*PING, "-c", "2", "-W", "1", host, status=1)
        net.client.run(*curl(f"http://{host}/"), status=7)
        net.client.run("dig", "-r", f"@{host}", "+tries=1", "+time=1", "www.example.test", status=9)
    net.client.run(*PING, "-c", "3", "-W", "4", ABSENT, status=1)


@scenario("traceroute.pcap")
def traceroute(net: Network) -> None:
    """Time exceeded and port unreachable: traceroute with UDP, ICMP and TCP, from a TTL of 2."""
    for mode in ((), ("-I",), ("-T",)):
        net.client.run("traceroute", "-n", *mode, "-f", "2", "-m", "4", "-q", "2", "-w", "1", SERVER)
