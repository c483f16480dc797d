"""Calls, scans, and questions to a whole network: SIPp, scanimage and saned, nmblookup and nmbd."""

from __future__ import annotations

import pathlib
import socket
import tempfile
import time

from lab import CLIENT, CLIENT6, SERVER, SERVER6, Network, Node, finish
from scenario import scenario
from transfers import await_datagrams

HEAD = """
{first}
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@[local_ip]>;tag=[call_number]
To: <sip:bob@[remote_ip]>{tag}
Call-ID: [call_id]
CSeq: {cseq}
Max-Forwards: 70
"""
ANSWER = """
{first}
[last_Via:]
[last_From:]
[last_To:];tag=b
[last_Call-ID:]
[last_CSeq:]
"""
OFFER = """Contact: <sip:alice@[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
NO_BODY = "Content-Length: 0\n\n"
PLAY = '<nop><action><exec rtp_stream="{file},1,0,PCMU/8000"/></action></nop><pause milliseconds="300"/>'


def send(text: str, again: str = "") -> str:
    """A message that SIPp sends, over UDP ``again`` until there is an answer."""
    return f"<send{again}><![CDATA[\n{text}\n]]></send>"


def head(method: str, cseq: int, tag: str = "") -> str:
    """The beginning of a request."""
    return HEAD.format(first=f"{method} sip:bob@[remote_ip] SIP/2.0", cseq=f"{cseq} {method}", tag=tag)


def caller(file: str) -> str:
    """A call with half a second of silence, and its end."""
    retransmitted = ' retrans="500"'
    return "".join(
        (
            send(head("INVITE", 1) + OFFER, retransmitted),
            '<recv response="180" optional="true"/><recv response="200"/>',
            send(head("ACK", 1, "[peer_tag_param]") + NO_BODY),
            PLAY.format(file=file),
            send(head("BYE", 2, "[peer_tag_param]") + NO_BODY, retransmitted),
            '<recv response="200"/>',
        )
    )


def registering(lifetime: int) -> str:
    """A phone that wants to be called at port 5062."""
    contact = f"Contact: <sip:alice@[local_ip]:5062>\nExpires: {lifetime}\n"
    return send(head("REGISTER", 1) + contact + NO_BODY, ' retrans="500"') + '<recv response="200"/>'


def registrar() -> str:
    """A registrar that agrees to less than it is asked for, by the [phone] that SIPp is told of with ``-key``."""
    contact = "Contact: <sip:alice@[phone]>;expires=300\n"
    return '<recv request="REGISTER"/>' + send(ANSWER.format(first="SIP/2.0 200 OK") + contact + NO_BODY)


GET_REQUEST, GET_RESPONSE = 0xA0, 0xA2


def tlv(kind: int, *parts: bytes) -> bytes:
    """Something encoded (BER): its type, its length, less than 128, and itself."""
    data = b"".join(parts)
    return bytes((kind, len(data))) + data


def snmp(kind: int, value: bytes) -> bytes:
    """An SNMPv2c message about sysDescr.0 to or from the community "public"."""
    one, none = tlv(2, b"\1"), tlv(2, b"\0")
    variable = tlv(0x30, tlv(6, b"\x2b\6\1\2\1\1\1\0"), value)
    return tlv(0x30, one, tlv(4, b"public"), tlv(kind, one, none, none, tlv(0x30, variable)))


def at(address: str, port: int) -> str:
    """An address and a port in one word."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Telephones:
    """SIPp on the client and on the server, over UDP (``u1``) or TCP (``t1``), its scenarios in a folder."""

    def __init__(self, net: Network, transport: str, folder: str, client: str = CLIENT, server: str = SERVER) -> None:
        self.net = net
        self.client, self.server = client, server
        self.transport = transport
        self.folder = pathlib.Path(folder)
        (self.folder / "silence").write_bytes(b"\xff" * 4000)

    def command(self, address: str, port: int, *words: str) -> tuple[str, ...]:
        """One call by SIPp, from this address and port."""
        common = ("-m", "1", "-nostdin", "-timeout", "15", "-timeout_error", "-t", self.transport)
        return ("sipp", "-i", address, "-mi", address, "-p", str(port), *common, *words)

    def script(self, name: str, steps: str) -> str:
        """A file with a scenario of one's own."""
        path = self.folder / f"{name}.xml"
        path.write_text(f'<?xml version="1.0"?><scenario name="{name}">{steps}</scenario>')
        return str(path)

    def talk(self, here: Node, calling: tuple[str, ...], there: Node, called: tuple[str, ...], port: int) -> None:
        """Have one side wait at a port and the other one call it."""
        waiting = there.start(*called)
        if self.transport == "u1":
            await_datagrams(there, port)
        else:
            time.sleep(0.5)  # a connection to see whether it listens would be taken for the call
        here.run(*calling)
        finish(waiting)

    def register(self) -> None:
        """The client registers with the server."""
        phone, known = self.script("phone", registering(600)), ("-key", "phone", at(self.client, 5062))
        self.talk(
            *(self.net.client, self.command(self.client, 5060, "-sf", phone, at(self.server, 5060))),
            *(self.net.server, self.command(self.server, 5060, "-sf", self.script("registrar", registrar()), *known)),
            5060,
        )

    def call_client(self) -> None:
        """The server calls the client where it has registered."""
        call = self.script("call", caller(str(self.folder / "silence")))
        self.talk(
            *(self.net.server, self.command(self.server, 5070, "-sf", call, at(self.client, 5062))),
            *(self.net.client, self.command(self.client, 5062, "-sn", "uas", "-rtp_echo", "-mp", "6100")),
            5062,
        )

    def call_server(self) -> None:
        """The client calls the server."""
        call = self.script("call", caller(str(self.folder / "silence")))
        self.talk(
            *(self.net.client, self.command(self.client, 5060, "-sf", call, at(self.server, 5060))),
            *(self.net.server, self.command(self.server, 5060, "-sn", "uas", "-rtp_echo", "-mp", "6000")),
            5060,
        )


@scenario("sip-udp.pcap")
def sip_udp(net: Network) -> None:
    """SIP over UDP: a phone registers, is called, and calls, each time with sound both ways (RTP)."""
    with tempfile.TemporaryDirectory() as folder:
        phones = Telephones(net, "u1", folder)
        phones.register()
        phones.call_client()
        phones.call_server()


@scenario("sip-tcp.pcap")
def sip_tcp(net: Network) -> None:
    """The same over TCP."""
    with tempfile.TemporaryDirectory() as folder:
        phones = Telephones(net, "t1", folder)
        phones.register()
        phones.call_client()
        phones.call_server()


@scenario("sip6.pcap", ipv6=True)
def sip6(net: Network) -> None:
    """SIP over UDP and IPv6: a phone registers and is called, with sound both ways (RTP)."""
    with tempfile.TemporaryDirectory() as folder:
        phones = Telephones(net, "u1", folder, CLIENT6, SERVER6)
        phones.register()
        phones.call_client()


@scenario("scan.pcap")
def scan(net: Network) -> None:
    """SANE: an image from a network scanner, fetched over a connection of its own; the list of the scanners."""
    with tempfile.TemporaryDirectory() as folder:
        for name, files in {
            "server": {"dll.conf": "test\n", "saned.conf": f"{CLIENT}\n", "test.conf": "number_of_devices 1\n"},
            "client": {"dll.conf": "net\n", "net.conf": f"{SERVER}\n"},
        }.items():
            settings = pathlib.Path(folder, name)
            settings.mkdir()
            for file, text in files.items():
                (settings / file).write_text(text)
        named = "hostname localhost && exec saned -l -b $0 -e"  # it asks for the address of its own name
        net.server.start("env", f"SANE_CONFIG_DIR={folder}/server", "unshare", "-u", "sh", "-c", named, SERVER)
        net.server.await_port(SERVER, 6566)
        client = ("env", f"SANE_CONFIG_DIR={folder}/client", "scanimage")
        net.client.run(*client, "-L")
        image = ("-x", "10", "-y", "10", "--resolution", "50", "--format", "pnm", "-o", f"{folder}/image")
        net.client.run(*client, "-d", f"net:{SERVER}:test:0", *image)


@scenario("broadcast.pcap")
def broadcast(net: Network) -> None:
    """Questions to a whole network: a NetBIOS name that a host has and one that none has, an SNMP question."""
    with tempfile.TemporaryDirectory() as folder:
        for directory in ("private", "lock", "state", "cache", "pid", "log"):
            pathlib.Path(folder, directory).mkdir()
        settings = pathlib.Path(folder, "smb.conf")
        places = "\n".join(
            f"{name} = {folder}/{directory}"
            for name, directory in (
                *(("private dir", "private"), ("lock directory", "lock"), ("state directory", "state")),
                *(("cache directory", "cache"), ("pid directory", "pid"), ("ncalrpc dir", "pid")),
            )
        )
        settings.write_text(
            "[global]\nnetbios name = NEIGHBOUR\nworkgroup = LAB\ninterfaces = 192.0.2.1/24\n"
            f"bind interfaces only = yes\nlocal master = no\n{places}\n"
        )
        net.client.ip(f"addr change {CLIENT}/24 broadcast 192.0.2.255 dev eth0")
        net.router.start("nmbd", "-F", "-s", str(settings), "--log-basename", f"{folder}/log")
        await_datagrams(net.router, 137)
        time.sleep(4)  # until the name is its own
        ask = ("nmblookup", "-s", str(settings), "-B", "192.0.2.255")
        net.client.run(*ask, "NEIGHBOUR")
        net.client.run(*ask, "NOBODY", status=1)
        with net.client.socket(socket.SOCK_DGRAM, 40161) as manager, net.router.socket(socket.SOCK_DGRAM, 161) as agent:
            manager.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            manager.sendto(snmp(GET_REQUEST, tlv(5)), ("192.0.2.255", 161))
            _, who = agent.recvfrom(1000)
            agent.sendto(snmp(GET_RESPONSE, tlv(4, b"a host of the lab")), who)
            manager.recv(1000)
