"""Numbers in what flows with a helper say, at the edges of 16, 32 and 64 bits: the kernel makes the same of each."""

from __future__ import annotations

import pytest

from ctcore.testing.flows import TcpFlow, UdpFlow
from ctcore.testing.packets import IPv4
from ctcore.verify.fuzz.run import Rounds

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "ftp", "irc", "amanda", "sip")]

HOSTS = IPv4("10.0.2.2", "10.0.2.9")
OWN = 167772674  # 10.0.2.2 as a number
NUMBERS = (
    *(0, 1, 65535, 65536, 65537, 131072),
    *(2**32 - 1, 2**32, 2**32 + 5000, 2**48 + 5000, 2**64, 2**64 + 5000, 2**80),
    *(OWN, 2**32 + OWN),
)
GREETED = ((1, "220 hello\r\n"), (0, "USER anonymous\r\n"))
CHAT = ((1, ":server 001 alice\r\n"),)
OFFER = "v=0\r\no=- 1 1 IN IP4 10.0.2.2\r\ns=-\r\nc=IN IP4 10.0.2.2\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n"
VIA = "sip:b@10.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.2.2:5060\r\n"
REGISTER = f"REGISTER {VIA}CSeq: %s REGISTER\r\nContact: <sip:a@10.0.2.2:%s>;expires=%s\r\nContent-Length: 0\r\n\r\n"
SAID: dict[str, tuple[str, int, tuple[tuple[int, str], ...]]] = {
    "irc: a port": ("irc", 6667, (*CHAT, (0, f"PRIVMSG bob :\1DCC SEND f {OWN} {{}} 12\1\r\n"))),
    "irc: an address": ("irc", 6667, (*CHAT, (0, "PRIVMSG bob :\1DCC SEND f {} 5000 12\1\r\n"))),
    "ftp: EPRT": ("ftp", 21, (*GREETED, (0, "EPRT |1|10.0.2.2|{}|\r\n"))),
    "ftp: EPSV": ("ftp", 21, (*GREETED, (0, "EPSV\r\n"), (1, "229 Extended (|||{}|)\r\n"))),
    "ftp: PORT, the first half": ("ftp", 21, (*GREETED, (0, "PORT 10,0,2,2,{},1\r\n"))),
    "ftp: PORT, the second half": ("ftp", 21, (*GREETED, (0, "PORT 10,0,2,2,1,{}\r\n"))),
    "amanda: a stream": ("amanda", 10080, ((0, "x"), (1, "CONNECT DATA 7 MESG {} INDEX 9\n"))),
    "sip: a medium": ("sip:udp", 5060, ((0, f"INVITE {VIA}CSeq: 1 INVITE\r\nContent-Length: 200\r\n\r\n{OFFER}"),)),
    "sip: a contact": ("sip:udp", 5060, ((0, REGISTER % ("1", "{}", "60")),)),
    "sip: a lifetime": ("sip:udp", 5060, ((0, REGISTER % ("1", "5062", "{}")),)),
    "sip: a sequence number": ("sip:udp", 5060, ((0, REGISTER % ("{}", "5062", "60")),)),
}


@pytest.mark.parametrize("what", SAID)
def test_the_kernel_makes_the_same_of_it(what: str) -> None:
    helper, port, words = SAID[what]
    rounds = Rounds()
    rounds.helpers = (helper,)
    kind = UdpFlow if port in (5060, 10080) else TcpFlow
    announced = set()
    for number in NUMBERS:
        packets: list[bytes] = []
        flow = kind(packets.append, HOSTS, 1001, port)
        for side, text in words:
            (flow.reply if side else flow.send)(text.format(number).encode())
        outcome = rounds.run(packets)
        assert outcome.difference is None, number
        announced.add(str([event["expected"] for event in outcome.kernel[-1]["events"] if "expected" in event]))
    assert len(announced) > 1, "some of them are announced, others are not"
