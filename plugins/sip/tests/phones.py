"""Two phones with a conntrack between them: messages, and what they are to announce."""

from __future__ import annotations

import socket
from typing import Any

from ctcore import Conntrack, Expectation, Registry, Result
from ctcore.sysctl import SECOND
from ctcore.testing.flows import HOSTS, TcpFlow, UdpFlow

NOW = 1_700_000_000 * SECOND
CALLER, CALLEE = "10.0.1.2", "10.0.2.2"


def sdp(host: str = CALLER, *media: str) -> bytes:
    """A session description; ``media`` as in ``audio 5004``."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    lines += [f"m={medium} RTP/AVP 0" for medium in media or ("audio 5004",)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def message(first: str, cseq: str, body: bytes = b"", *headers: str) -> bytes:
    """A message with these lines, and the length of its body."""
    lines = [first, "Via: SIP/2.0/UDP 10.0.1.2:5060", f"CSeq: {cseq}", *headers, f"Content-Length: {len(body)}", ""]
    return "".join(f"{line}\r\n" for line in lines).encode() + body


def request(method: str, number: int = 1, body: bytes = b"", *headers: str) -> bytes:
    """A request."""
    return message(f"{method} sip:b@10.0.2.2 SIP/2.0", f"{number} {method}", body, *headers)


def answer(code: int, method: str, number: int = 1, body: bytes = b"", *headers: str) -> bytes:
    """An answer to a request."""
    return message(f"SIP/2.0 {code} x", f"{number} {method}", body, *headers)


class Phones:
    """``udp`` and ``tcp`` are flows between the phones; no time passes but by ``wait``."""

    def __init__(self, registry: Registry, **sysctls: int) -> None:
        settings = {f"nf_conntrack_sip.{name}": value for name, value in sysctls.items()}
        self.tracker = Conntrack(registry, {"nf_conntrack_udp_timeout": 9999, **settings}, helpers=["sip"])
        self.now = NOW
        self.udp = UdpFlow(self.feed, HOSTS, 5060, 5060)
        self.tcp = TcpFlow(self.feed, HOSTS, 40000, 5060)

    def feed(self, packet: bytes) -> Result:
        return self.tracker.feed(packet, self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * SECOND)

    @property
    def expected(self) -> list[str]:
        """What is expected, the latest first: source, destination, class and flags."""
        table = self.tracker.net.expectations
        return sorted(map(_shown, table))

    @property
    def seconds(self) -> set[float]:
        """How long expectations have left."""
        return {(exp.expires - self.now) / SECOND for exp in self.tracker.net.expectations}


def _shown(exp: Expectation) -> str:
    t = exp.tuple
    source = socket.inet_ntoa(t.src) if any(exp.mask_src) else "any"
    port = int.from_bytes(t.dst_u, "big")
    policy = ("signalling", "audio", "video", "image")[exp.class_]
    protocol = {6: "tcp", 17: "udp"}[t.l4num]
    flags = "".join(f" {flag}" for bit, flag in ((1, "permanent"), (2, "inactive")) if exp.flags & bit)
    return f"{policy} {protocol} {source} > {socket.inet_ntoa(t.dst)}:{port}{flags}"


def reasons(result: Result) -> list[str]:
    """What the kernel says of a dropped packet."""
    begin = "nf_ct_sip: dropping packet: "
    return [text.removeprefix(begin) for text in result.reasons if text.startswith(begin)]


def kinds(result: Result) -> list[Any]:
    """The events."""
    return [event["type"] for event in result.events]
