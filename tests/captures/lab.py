"""A network of namespaces for recording: client - router - gateway - server.

The namespaces have no names and no files: descriptors hold them, so they go with the process however it ends,
and every program started in one is killed with it. Needs root, iproute2, ethtool, nftables and setpriv.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Iterator

from wire import Handling, Wire, tagged

CLONE_NEWNET, CLONE_NEWUTS = 0x40000000, 0x04000000
CLIENT, SERVER = "192.0.2.10", "203.0.113.80"
NO_ROUTE, ABSENT, BLACKHOLE = "198.51.100.7", "203.0.113.200", "203.0.113.201"
REJECTED = {"host-unreachable": "203.0.113.202", "admin-prohibited": "203.0.113.203"}
CLIENT6, SERVER6 = "2001:db8:1::10", "2001:db8:2::80"
NO_ROUTE6, ABSENT6, BLACKHOLE6 = "2001:db8:3::7", "2001:db8:2::200", "2001:db8:2::201"
REJECTED6 = {"addr-unreachable": "2001:db8:2::202", "admin-prohibited": "2001:db8:2::203"}
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
SYSCTLS = {
    "ipv4/icmp_ratelimit": "0",
    "ipv4/tcp_congestion_control": "reno",
    "ipv4/tcp_tw_reuse": "1",
}
WITHOUT_IPV6 = {"ipv6/conf/all/disable_ipv6": "1", "ipv6/conf/default/disable_ipv6": "1"}
WITH_IPV6 = {
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "0",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/icmp/ratelimit": "0",
}
OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")
_libc = ctypes.CDLL(None, use_errno=True)


def _system(call: str, *arguments: int) -> None:
    if getattr(_libc, call)(*arguments):
        raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")


def hide_host_name() -> None:
    """Give this process and its children the host name `lab`, in a UTS namespace of their own."""
    _system("unshare", CLONE_NEWUTS)
    socket.sethostname("lab")


class Node:
    """One host: a network namespace, the programs that run in it and the sockets made in it."""

    def __init__(self, name: str, forward: bool = False, ipv6: bool = False) -> None:
        self.name = name
        self._running: list[subprocess.Popen[str]] = []
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _system("unshare", CLONE_NEWNET)
            self._namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            _system("setns", home, CLONE_NEWNET)
        finally:
            os.close(home)
        self.path = f"/proc/{os.getpid()}/fd/{self._namespace}"
        with self.inside():
            settings = {**SYSCTLS, **(WITH_IPV6 if ipv6 else WITHOUT_IPV6), "ipv4/ip_forward": str(int(forward))}
            if ipv6 and forward:
                settings["ipv6/conf/all/forwarding"] = "1"
            for key, value in settings.items():
                with open(f"/proc/sys/net/{key}", "w") as file:
                    file.write(value)
        self.ip("link set lo up")

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Whatever is opened or started meanwhile belongs to this host."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _system("setns", self._namespace, CLONE_NEWNET)
        try:
            yield
        finally:
            _system("setns", home, CLONE_NEWNET)
            os.close(home)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a program here; it ends with this host at the latest."""
        with self.inside():
            process = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", *command),
                env=ENVIRONMENT,
                cwd="/",
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        self._running.append(process)
        return process

    def run(self, *command: str, status: int = 0) -> None:
        """Run a program to its end; RuntimeError where it does not end with the expected status."""
        finish(self.start(*command), status)

    def ip(self, arguments: str) -> None:
        """Run iproute2's `ip` with these arguments, split at blanks."""
        self.run("ip", *arguments.split())

    def rule(self, hook: str, text: str) -> None:
        """Add an nft rule to this host's packet filter, at the hook `output` or `forward`."""
        self.run("nft", f"table inet lab {{ chain {hook} {{ type filter hook {hook} priority 0; {text}; }}; }}")

    def mute(self, match: str) -> None:
        """From now on this host's own packets that match the nft expression never leave it."""
        self.rule("output", f"{match} drop")

    def unmute(self) -> None:
        """Undo every `mute`."""
        self.run("nft", "delete table inet lab")

    def socket(
        self, kind: socket.SocketKind, port: int = 0, protocol: int = 0, family: int = socket.AF_INET
    ) -> socket.socket:
        """A socket of this host, bound to a local port, with a limit of 5 s on every call."""
        with self.inside():
            made = socket.socket(family, kind, protocol)
        made.settimeout(5)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("", port))
        return made

    def await_port(self, address: str, port: int) -> None:
        """Wait, at most 5 s, until a TCP server of this host answers on its address."""
        deadline = time.monotonic() + 5
        while True:
            with self.socket(socket.SOCK_STREAM, family=family_of(address)) as probe:
                if not probe.connect_ex((address, port)):
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: nothing listens on port {port}")
            time.sleep(0.02)

    def close(self) -> None:
        """Kill what still runs here and let the namespace go."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        os.close(self._namespace)


def family_of(address: str) -> int:
    """The address family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def finish(process: subprocess.Popen[str], status: int = 0) -> None:
    """Wait, at most 30 s, for a started program; RuntimeError unless it ends with this status."""
    out, err = process.communicate(timeout=30)
    if process.returncode != status:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}, not {status}: {out}{err}")


class Network:
    """client (192.0.2.10) - router - gateway - server (203.0.113.80).

    With `ipv6` they have addresses of that kind as well: 2001:db8:1::10 and 2001:db8:2::80.

    The cable between router and gateway is a `veth` pair, a user-space `wire` with the given handling, a
    `tun` (no link layer) or a `trunk` (a switch whose ports carry VLAN tag 100). `point` is where to record.
    """

    def __init__(self, middle: str = "veth", handling: Handling | None = None, ipv6: bool = False) -> None:
        with contextlib.ExitStack() as stack:
            self.client, self.server = (self._node(stack, name, False, ipv6) for name in ("client", "server"))
            self.router, self.gateway = (self._node(stack, name, True, ipv6) for name in ("router", "gateway"))
            self.point = self.router
            veth(self.client, "eth0", self.router, "eth0")
            veth(self.gateway, "eth0", self.server, "eth0")
            if middle == "veth":
                veth(self.router, "eth1", self.gateway, "eth1")
            elif middle == "trunk":
                self.point = self._switch(stack)
            else:
                stack.callback(_wire(middle, self.router, "eth1", self.gateway, "eth1", handling).close)
            self._configure()
            if ipv6:
                self._configure_ipv6()
            self._stack = stack.pop_all()

    @staticmethod
    def _node(stack: contextlib.ExitStack, name: str, forward: bool, ipv6: bool = False) -> Node:
        node = Node(name, forward, ipv6)
        stack.callback(node.close)
        return node

    def _switch(self, stack: contextlib.ExitStack) -> Node:
        switch = self._node(stack, "switch", False)
        stack.callback(_wire("wire", self.router, "eth1", switch, "port0", tagged(100)).close)
        stack.callback(_wire("wire", self.gateway, "eth1", switch, "port1", tagged(100)).close)
        switch.ip("link add br0 type bridge mcast_snooping 0")
        for port in ("port0", "port1"):
            switch.ip(f"link set {port} master br0 up")
        switch.ip("link set br0 up")
        return switch

    def _configure(self) -> None:
        interfaces = [
            (self.client, "eth0", f"{CLIENT}/24"),
            (self.router, "eth0", "192.0.2.1/24"),
            (self.router, "eth1", "10.0.0.1/30"),
            (self.gateway, "eth1", "10.0.0.2/30"),
            (self.gateway, "eth0", "203.0.113.1/24"),
            (self.server, "eth0", f"{SERVER}/24"),
        ]
        for number, (node, name, address) in enumerate(interfaces, 1):
            with contextlib.suppress(RuntimeError):  # a tun has no hardware address
                node.ip(f"link set {name} address 02:00:00:00:00:{number:02x}")
            node.ip(f"addr add {address} dev {name}")
            node.ip(f"link set {name} up")
        self.client.ip("route add default via 192.0.2.1")
        self.router.ip("route add default via 10.0.0.2")
        self.gateway.ip("route add 192.0.2.0/24 via 10.0.0.1")
        self.server.ip("route add default via 203.0.113.1")
        self.gateway.ip(f"route add blackhole {BLACKHOLE}")
        for error, address in REJECTED.items():  # unlike a route's, a rule's errors are not limited in rate
            self.gateway.rule("forward", f"ip daddr {address} reject with icmp type {error}")

    def _configure_ipv6(self) -> None:
        interfaces = [
            (self.client, "eth0", f"{CLIENT6}/64"),
            (self.router, "eth0", "2001:db8:1::1/64"),
            (self.router, "eth1", "2001:db8:ff::1/64"),
            (self.gateway, "eth1", "2001:db8:ff::2/64"),
            (self.gateway, "eth0", "2001:db8:2::1/64"),
            (self.server, "eth0", f"{SERVER6}/64"),
        ]
        for node, name, address in interfaces:
            node.ip(f"-6 addr add {address} dev {name} nodad")
        self.client.ip("-6 route add default via 2001:db8:1::1")
        self.router.ip("-6 route add default via 2001:db8:ff::2")
        self.gateway.ip("-6 route add 2001:db8:1::/64 via 2001:db8:ff::1")
        self.server.ip("-6 route add default via 2001:db8:2::1")
        self.gateway.ip(f"-6 route add blackhole {BLACKHOLE6}")
        for error, address in REJECTED6.items():
            self.gateway.rule("forward", f"ip6 daddr {address} reject with icmpv6 type {error}")

    def close(self) -> None:
        """Take everything down."""
        self._stack.close()


def veth(a: Node, a_name: str, b: Node, b_name: str) -> None:
    """Join two hosts with a veth pair that leaves checksums and segments to nobody else."""
    a.ip(f"link add {a_name} type veth peer name {b_name} netns {b.path}")
    for node, name in ((a, a_name), (b, b_name)):
        node.run("ethtool", "-K", name, *(word for part in OFFLOADS for word in (part, "off")))


def _wire(middle: str, a: Node, a_name: str, b: Node, b_name: str, handling: Handling | None) -> Wire:
    wire = Wire(a.inside, a_name, b.inside, b_name, ethernet=middle != "tun", handling=handling)
    wire.start()
    return wire
