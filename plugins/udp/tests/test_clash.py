"""Two packets of one flow that are on their way at once: each opens it, and one of the two has to give in."""

from __future__ import annotations

from ctcore import Conn, CtInfo, Hook, HookOps, Packet, Status, Tuple, Verdict, Zone
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import SECOND, Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4

CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back
ELSEWHERE = IPv4("10.0.3.3", "10.0.2.2")


class Held:
    """A packet that is held between PRE_ROUTING and POST_ROUTING."""

    def __init__(self, talk: Conversation, data: bytes, zone: Zone | None = None) -> None:
        net = talk.conntrack.net
        self.pkt = pkt = Packet(net)
        self.l3 = pkt.l3 = net.l3protos[0x0800]
        pkt.buf, pkt.avail, pkt.now = data, len(data), talk.now
        if zone is not None:
            pkt.ct = net.template(zone)
        assert pkt.l3.rcv(pkt) == ACCEPT
        assert pkt.l3.hooks.run(Hook.PRE_ROUTING, pkt) == ACCEPT
        assert pkt.ct is not None
        self.ct: Conn = pkt.ct

    def go_on(self) -> Verdict:
        """Let it pass POST_ROUTING."""
        return Verdict(self.l3.hooks.run(Hook.POST_ROUTING, self.pkt))


def translate(ct: Conn, answers: IPv4, sport: int, dport: int) -> None:
    """Give an unconfirmed flow another reply tuple, as address translation does."""
    src_u, dst_u = sport.to_bytes(2, "big"), dport.to_bytes(2, "big")
    ct.reply = Tuple(answers.addresses[:4], answers.addresses[4:], src_u, dst_u, 2, 17).pack()


def test_the_same_datagram_twice(converse: Converse) -> None:
    talk = converse()
    first, second = Held(talk, CLIENT.udp(1, 2, b"a")), Held(talk, CLIENT.udp(1, 2, b"abc"))
    assert first.ct is not second.ct
    assert talk.conntrack.net.table.count == 2
    assert (first.go_on(), second.go_on()) == (Verdict.ACCEPT, Verdict.ACCEPT)
    assert second.pkt.ct is first.ct
    assert second.pkt.ctinfo == CtInfo.NEW
    assert talk.entries == [first.ct]
    assert talk.conntrack.net.table.count == 1
    assert (talk.count("clash_resolve"), talk.count("drop"), talk.count("insert_failed")) == (1, 0, 0)
    talk.send(CLIENT.udp(1, 2))
    assert (talk.packets, talk.flow["original"]["bytes"]) == ((3, 0), 29 + 31 + 28)


def test_both_ends_at_once(converse: Converse) -> None:
    """What the loser takes for its original direction is the winner's reply."""
    talk = converse()
    first, second = Held(talk, CLIENT.udp(1, 2)), Held(talk, SERVER.udp(2, 1))
    assert second.pkt.ctinfo == CtInfo.NEW
    assert (first.go_on(), second.go_on()) == (Verdict.ACCEPT, Verdict.ACCEPT)
    assert second.pkt.ct is first.ct
    assert talk.entries == [first.ct]
    assert talk.count("clash_resolve") == 1
    assert talk.send(SERVER.udp(2, 1)).direction == "reply"


def test_another_reply_tuple_that_is_free(converse: Converse) -> None:
    """The loser goes in under its reply tuple alone, for a second, so that this one answer finds its way back."""
    talk = converse()
    first, second = Held(talk, CLIENT.udp(1, 2)), Held(talk, CLIENT.udp(1, 2))
    translate(second.ct, ELSEWHERE.back, 2, 9)
    assert (first.go_on(), second.go_on()) == (Verdict.ACCEPT, Verdict.ACCEPT)
    assert second.pkt.ct is second.ct
    assert second.ct.status & (Status.NAT_CLASH | Status.FIXED_TIMEOUT | Status.CONFIRMED) == (
        Status.NAT_CLASH | Status.FIXED_TIMEOUT | Status.CONFIRMED
    )
    assert talk.entries == [first.ct]  # no dump shows the other
    assert talk.count("clash_resolve") == 1
    answer = talk.send(ELSEWHERE.back.udp(2, 9))
    assert (answer.entry, answer.direction) == (second.ct, "reply")
    assert talk.timeout == 1
    talk.wait(0.9)
    talk.send(ELSEWHERE.back.udp(2, 9))
    assert talk.timeout == 0.1  # nothing keeps it alive
    talk.wait(0.1)
    assert talk.send(ELSEWHERE.back.udp(2, 9)).state == "new"


def test_a_flow_that_lost_is_never_assured(converse: Converse) -> None:
    talk = converse()
    first, second = Held(talk, CLIENT.udp(1, 2)), Held(talk, CLIENT.udp(1, 2))
    translate(second.ct, ELSEWHERE.back, 2, 9)
    first.go_on()
    second.go_on()
    second.ct.timeout = talk.now + 60 * SECOND
    talk.send(ELSEWHERE.back.udp(2, 9))
    talk.wait(3)
    talk.send(ELSEWHERE.back.udp(2, 9))
    assert talk.entry is second.ct
    assert "ASSURED" not in talk.status


def test_another_reply_tuple_that_is_taken(converse: Converse) -> None:
    talk = converse()
    other = Held(talk, ELSEWHERE.udp(9, 2))
    first, second = Held(talk, CLIENT.udp(1, 2)), Held(talk, CLIENT.udp(1, 2))
    translate(second.ct, ELSEWHERE.back, 2, 9)
    assert (other.go_on(), first.go_on(), second.go_on()) == (Verdict.ACCEPT, Verdict.ACCEPT, Verdict.DROP)
    assert (talk.count("clash_resolve"), talk.count("drop"), talk.count("insert_failed")) == (0, 1, 1)
    assert talk.entries == [other.ct, first.ct]


def test_in_different_zones_there_is_no_clash(converse: Converse) -> None:
    talk = converse()
    first, second = Held(talk, CLIENT.udp(1, 2), Zone(1)), Held(talk, CLIENT.udp(1, 2), Zone(2))
    assert (first.go_on(), second.go_on()) == (Verdict.ACCEPT, Verdict.ACCEPT)
    assert talk.entries == [first.ct, second.ct]
    assert talk.count("clash_resolve") == 0


def test_what_is_thrown_away_on_its_way_leaves_no_flow(converse: Converse) -> None:
    talk = converse()

    def refuse(pkt: Packet) -> int:
        return Verdict.DROP

    talk.conntrack.net.l3protos[0x0800].hooks.register([HookOps(Hook.FORWARD, 0, refuse)])
    result = talk.client.udp()
    assert (result.verdict, result.state, result.entry) == (Verdict.DROP, "new", None)
    assert (talk.entries, talk.conntrack.net.table.count) == ([], 0)
