"""What makes a network namespace a router that tells conntrack's mind: TUN devices, a route, log rules.

Everything here acts on the network namespace of the calling thread.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable
from typing import Final

from ctcore.errors import CtcoreError
from ctcore.helper import Assignment

LOG_GROUP: Final = 1
"""The nflog group of the rules below; the kernel's own remarks on invalid packets come in group 0."""

SNAPLEN: Final = 1 << 14
"""Bytes of a packet in its log message: enough for an ICMP error and the headers of the packet in it, those of IPv6
included that come before the transport header."""

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 1
_MTU: Final = 65535

SETTINGS: Final[dict[str, int]] = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.all.accept_source_route": 1,
    "net.ipv4.conf.default.accept_source_route": 1,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
}
SETTINGS_IPV6: Final[dict[str, int]] = {
    "net.ipv6.conf.all.disable_ipv6": 0,
    "net.ipv6.conf.default.disable_ipv6": 0,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.conf.all.accept_source_route": 1,
    "net.ipv6.conf.default.accept_source_route": 1,
    "net.ipv6.conf.default.accept_ra": 0,
    "net.ipv6.conf.default.addr_gen_mode": 1,
}
"""Sysctls of a router without opinions; they come before the devices, which inherit them."""

# A packet is logged once conntrack has seen it, with "ctinfo/direction"; a fragment also before reassembly,
# to tell one that waits from one that never got that far. GRE's packets do not tell their flow's tuple: they, and
# the ICMP errors that may quote them, are marked with the flow's number. The sentinel is any packet written to the
# outer device: it comes after all that was written before it, and meets nothing but its own log rule. A capture was
# taken where its packets did arrive: so, after conntrack has seen them, multicast, broadcast and loopback
# addresses and reserved ones, which this router has no use for and ctcore takes, are replaced. Martian sources
# and a TTL at its end are left for the kernel to drop, as ctcore does. Addresses are written as plain bits: "ip
# saddr set" also corrects the checksum of the transport header, and fails on a packet that has none.
_RULES: Final = f"""
table inet ctcore {{
  chain first {{
    type filter hook prerouting priority -500; policy accept;
    iifname "outer" log prefix "sentinel" group {LOG_GROUP} drop
    meta nfproto ipv4 ip frag-off & 0x3fff != 0 log prefix "fragment" group {LOG_GROUP}
    meta nfproto ipv6 exthdr frag exists log prefix "fragment" group {LOG_GROUP}
  }}
  chain tracked {{
    type filter hook prerouting priority -100; policy accept;
    meta l4proto {{ gre, icmp, ipv6-icmp }} meta mark set ct id
    ct state invalid log prefix "invalid/" group {LOG_GROUP} snaplen {SNAPLEN} accept
    ct state untracked log prefix "untracked/" group {LOG_GROUP} accept
    ct direction original goto original
    goto reply
  }}
  chain original {{
    ct state established log prefix "established/original" group {LOG_GROUP} snaplen {SNAPLEN} accept
    ct state new log prefix "new/original" group {LOG_GROUP} snaplen {SNAPLEN} accept
    ct state related log prefix "related/original" group {LOG_GROUP} snaplen {SNAPLEN} accept
  }}
  chain reply {{
    ct state established log prefix "established/reply" group {LOG_GROUP} snaplen {SNAPLEN} accept
    ct state related log prefix "related/reply" group {LOG_GROUP} snaplen {SNAPLEN} accept
  }}
  chain routable {{
    type filter hook prerouting priority -90; policy accept;
    ip saddr 0.0.0.0 ip daddr 0.0.0.0 ip ttl set 64 @nh,128,32 set 0xc0000202 @nh,96,32 set 0xc0000201
    ip saddr 0.0.0.0 ip daddr {{ 224.0.0.0/4, 255.255.255.255 }} @nh,96,32 set 0xc0000201
    ip daddr {{ 224.0.0.0/4, 255.255.255.255 }} ip ttl set 64 @nh,128,32 set 0xc0000202
    ip saddr {{ 0.0.0.1-0.255.255.255, 127.0.0.0/8, 240.0.0.0-255.255.255.254 }} @nh,96,32 set 0xc0000201
    ip daddr {{ 0.0.0.1-0.255.255.255, 127.0.0.0/8, 240.0.0.0-255.255.255.254 }} @nh,128,32 set 0xc0000202
    ip6 daddr {{ ::1, fe80::/10, ff00::/8 }} ip6 hoplimit set 64 \
      @nh,64,128 set 0x20010db8000000000000000000000001 @nh,192,128 set 0x20010db8000000000000000000000002
  }}
  chain own {{
    type filter hook output priority -500; policy drop;
  }}
}}
"""
_HELPER_FAMILIES: Final = {2: "ip", 10: "ip6"}  # an address family as nft names it
_PROTOCOLS: Final = {6: "tcp", 17: "udp"}  # the protocols whose helpers nft can assign
_PROBES: Final = {
    "nf_tables": "table inet probe",
    "nf_conntrack (nft_ct)": "table inet probe { chain c { ct state new accept; }; }",
    "nfnetlink_log (nft_log)": f"table inet probe {{ chain c {{ log group {LOG_GROUP}; }}; }}",
}


def tun(name: str) -> int:
    """A new TUN device: a non-blocking file descriptor for whole packets. Raises CtcoreError."""
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CtcoreError(f"this kernel lacks TUN devices: /dev/net/tun: {error.strerror}") from None
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN))
    except OSError as error:
        os.close(fd)
        raise CtcoreError(f"the TUN device {name} cannot be made: {error.strerror}") from None
    return fd


def loopback() -> socket.socket:
    """A socket that puts whole IPv6 packets on the loopback interface: no other one takes those of the address ::1.

    Raises CtcoreError where the kernel has no packet sockets.
    """
    try:
        made = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    except OSError as error:
        raise CtcoreError(f"this kernel lacks packet sockets: {error.strerror}") from None
    made.bind(("lo", 0))
    made.setblocking(False)
    return made


def connect() -> None:
    """Bring the devices up and route everything to the outer one. Raises CtcoreError without pyroute2."""
    try:
        from pyroute2 import IPRoute
    except ImportError:
        raise CtcoreError("asking the running kernel needs pyroute2: pip install 'ctcore[kernel]'") from None
    with IPRoute() as route:
        index = {link.get_attr("IFLA_IFNAME"): link["index"] for link in route.get_links()}
        route.link("set", index=index["lo"], state="up")
        route.link("set", index=index["inner"], mtu=_MTU, state="up")
        route.link("set", index=index["outer"], mtu=_MTU, txqlen=10000, state="up")
        route.route("add", dst="0.0.0.0/0", oif=index["outer"])
        if os.path.isdir("/proc/sys/net/ipv6"):
            route.route("add", dst="::/0", oif=index["outer"])


def load_rules() -> None:
    """Load the log rules with nft. Raises CtcoreError naming the part of the kernel that is missing."""
    if shutil.which("nft") is None:
        raise CtcoreError("asking the running kernel needs the program nft (package nftables)")
    result = _nft(_RULES)
    if result.returncode:
        lacking = next((name for name, rules in _PROBES.items() if _nft(rules).returncode), None)
        detail = result.stderr.strip().partition("\n")[0]
        raise CtcoreError(f"this kernel lacks {lacking}" if lacking else f"nft does not take the log rules: {detail}")


def load_helpers(assignments: Iterable[Assignment]) -> None:
    """Have new flows to a port given a helper, but for those that another flow expected. Raises CtcoreError."""
    for one in assignments:
        if one.l4num not in _PROTOCOLS:
            raise CtcoreError(f"nft gives helpers to flows of tcp and udp alone, not of protocol {one.l4num}")
        if _nft(_helper_rules(one)).returncode:
            raise CtcoreError(f"this kernel lacks the helper {one.name} for {_PROTOCOLS[one.l4num]} flows")


def _helper_rules(one: Assignment) -> str:
    family, protocol = _HELPER_FAMILIES[one.l3num], _PROTOCOLS[one.l4num]
    name = f"h{one.l3num}-{one.l4num}-{one.port}"
    return f"""
table inet ctcore {{
  ct helper {name} {{ type "{one.name}" protocol {protocol}; l3proto {family}; }}
  chain helpers {{
    type filter hook prerouting priority -150; policy accept;
    meta nfproto ipv{4 if family == "ip" else 6} {protocol} dport {one.port} ct state new ct helper set "{name}"
  }}
}}
"""


def _nft(rules: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("nft", "-f", "-"), input=rules, capture_output=True, text=True, check=False)


def choose_logger() -> None:
    """Have the kernel's own remarks on packets, IPv4 (2) and IPv6 (10), sent to nflog. Raises CtcoreError."""
    for family in (2, 10):
        try:
            with open(f"/proc/sys/net/netfilter/nf_log/{family}", "w", encoding="ascii") as file:
                file.write("nfnetlink_log")
        except OSError as error:
            raise CtcoreError(f"this kernel lacks nfnetlink_log: {error.strerror}") from None
