"""Protocols with helpers: file transfers by real servers and clients, a chat and a backup by small sockets."""

from __future__ import annotations

import pathlib
import socket
import struct
import tempfile

from lab import CLIENT, SERVER, SERVER6, Network, Node
from programs import curl
from scenario import scenario

STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
VSFTPD = """
{listen}=YES
background=NO
anonymous_enable=YES
anon_root={folder}
anon_upload_enable=YES
write_enable=YES
no_anon_password=YES
connect_from_port_20=YES
pasv_min_port=40100
pasv_max_port=40199
secure_chroot_dir={folder}/empty
seccomp_sandbox=NO
nopriv_user=nobody
ftpd_banner=lab
"""
ACTIVE = ("--ftp-port", "-")


def serve_ftp(net: Network, folder: str, address: str = SERVER) -> None:
    """Start vsftpd with a file to fetch and a place to put one."""
    root = pathlib.Path(folder)
    root.chmod(0o755)
    (root / "empty").mkdir()
    (root / "up").mkdir()
    (root / "up").chmod(0o777)
    (root / "file").write_text("a line of the lab\n" * 100)
    config = root / "vsftpd.conf"
    config.write_text(VSFTPD.format(folder=folder, listen="listen_ipv6" if address == SERVER6 else "listen"))
    net.server.start("vsftpd", str(config))
    net.server.await_port(address, 21)


@scenario("ftp.pcap")
def ftp(net: Network) -> None:
    """FTP: downloads over active (PORT, EPRT) and passive connections (PASV, EPSV), two of them over one control
    connection, and an upload each way.
    """
    with tempfile.TemporaryDirectory() as folder:
        serve_ftp(net, folder)
        file, up = f"ftp://{SERVER}/file", f"ftp://{SERVER}/up/"
        net.client.run(*curl(*ACTIVE, "--disable-eprt", file, "-o", "/dev/null", file))
        net.client.run(*curl(*ACTIVE, file))
        net.client.run(*curl("--disable-epsv", file, "-o", "/dev/null", file))
        net.client.run(*curl(file))
        net.client.run(*curl(*ACTIVE, "--disable-eprt", "-T", f"{folder}/file", up + "active"))
        net.client.run(*curl("-T", f"{folder}/file", up + "passive"))


@scenario("ftp6.pcap", ipv6=True)
def ftp6(net: Network) -> None:
    """FTP over IPv6: downloads over active (EPRT) and passive connections (EPSV), two of each over one control
    connection, and an upload each way.
    """
    with tempfile.TemporaryDirectory() as folder:
        serve_ftp(net, folder, SERVER6)
        file, up = f"ftp://[{SERVER6}]/file", f"ftp://[{SERVER6}]/up/"
        net.client.run(*curl(*ACTIVE, file, "-o", "/dev/null", file))
        net.client.run(*curl(file, "-o", "/dev/null", file))
        net.client.run(*curl(*ACTIVE, "-T", f"{folder}/file", up + "active"))
        net.client.run(*curl("-T", f"{folder}/file", up + "passive"))


@scenario("tftp.pcap")
def tftp(net: Network) -> None:
    """TFTP: a file fetched, a file put, one that is not there."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        root.chmod(0o777)
        (root / "file").write_text("a line of the lab\n" * 100)
        net.server.start("atftpd", "--daemon", "--no-fork", "--user", "root.root", "--bind-address", SERVER, folder)
        await_datagrams(net.server, 69)
        net.client.run(*curl(f"tftp://{SERVER}/file"))
        net.client.run(*curl("-T", f"{folder}/file", f"tftp://{SERVER}/new"))
        net.client.run(*curl(f"tftp://{SERVER}/none"), status=68)


def await_datagrams(node: Node, port: int) -> None:
    """Wait, at most 5 s, until a program of this host has a UDP socket at a port."""
    node.run(
        "sh", "-c", f"for i in $(seq 250); do ss -Hlun sport = {port} | grep -q . && exit; sleep 0.02; done; exit 1"
    )


def greet(end: socket.socket, *lines: bytes) -> None:
    """Send each line, in a segment of its own."""
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for line in lines:
        end.sendall(line + b"\r\n")


@scenario("irc.pcap")
def irc(net: Network) -> None:
    """IRC: a client offers a file and a chat (DCC SEND, DCC CHAT), and the other one connects to it; an offer in
    another host's name; one that is not taken up.
    """
    ours, theirs = (struct.unpack(">I", socket.inet_aton(address))[0] for address in (CLIENT, SERVER))
    with net.server.socket(STREAM, 6667) as listening, net.client.socket(STREAM) as chat:
        listening.listen()
        chat.connect((SERVER, 6667))
        server, _ = listening.accept()
        with server:
            greet(chat, b"NICK alice", b"USER alice 0 * :alice")
            server.recv(1000)
            greet(server, b":lab 001 alice :hello")
            chat.recv(1000)
            for verb, port in ((b"SEND file", 5000), (b"CHAT chat", 5001)):
                with net.client.socket(STREAM, port) as offered, net.server.socket(STREAM) as taking:
                    offered.listen()
                    greet(chat, b"PRIVMSG bob :\1DCC %s %d %d 18\1" % (verb, ours, port))
                    server.recv(1000)
                    taking.connect((CLIENT, port))
                    accepted, _ = offered.accept()
                    with accepted:
                        accepted.sendall(b"a line of the lab\n")
                        taking.recv(100)
            for address, port in ((theirs, 5002), (ours, 5003)):
                greet(chat, b"PRIVMSG bob :\1DCC SEND file %d %d 18\1" % (address, port))
                server.recv(1000)


@scenario("amanda.pcap")
def amanda(net: Network) -> None:
    """Amanda: a request for a backup, the answer that names three ports, and the streams to these."""
    head = b"Amanda 2.6 %s HANDLE 000-00000001 SEQ 1448228733\n"
    ports = (10081, 10082, 10083)
    with net.client.socket(DGRAM, 1001) as asking, net.server.socket(DGRAM, 10080) as answering:
        asking.sendto(head % b"REQ" + b"SERVICE sendbackup\nOPTIONS ;\n", (SERVER, 10080))
        _, asker = answering.recvfrom(1000)
        answering.sendto(head % b"ACK", asker)
        listening = [net.server.socket(STREAM, port) for port in ports]
        for one in listening:
            one.listen()
        answering.sendto(head % b"REP" + b"CONNECT DATA %d MESG %d INDEX %d\nOPTIONS ;\n" % ports, asker)
        for _ in range(2):
            asking.recv(1000)
        asking.sendto(head % b"ACK", (SERVER, 10080))
        for one, port in zip(listening, ports, strict=True):
            with one, net.client.socket(STREAM) as stream:
                stream.connect((SERVER, port))
                accepted, _ = one.accept()
                with accepted:
                    accepted.sendall(b"a line of the lab\n")
                    stream.recv(100)
