"""Queries and answers are flows of their own, and what keeps a link together is not tracked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import CtInfo, Registry, Verdict
from ctcore.formats import save, text, xml
from ctcore.netlink import parse
from ctcore.testing.conformance import ETHERTYPE_IPV6, accounts, check_inverse
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import ICMPV6 as IPPROTO_ICMPV6
from ctcore.testing.packets import IPv6, payload_of
from ctcore_icmpv6 import Icmpv6
from ctcore_icmpv6.header import ICMPV6

# Each query and its answer: echo, node information.
QUERIES = {128: 129, 139: 140}
ANSWERS = set(QUERIES.values())
# Multicast listeners, routers and neighbours, multicast routers.
UNTRACKED = {130, 131, 132, 133, 134, 135, 136, 143, 151, 152}
REDIRECT = 137

read_all = ICMPV6.reader()


@given(st.binary(min_size=8, max_size=8), st.binary(max_size=7), st.binary(max_size=7))
def test_the_fast_reader_reads_what_construct_parses(header: bytes, before: bytes, after: bytes) -> None:
    parsed = ICMPV6.parse(header)
    values = dict(zip(ICMPV6.fields, read_all(before + header + after, len(before)), strict=True))
    assert values == {name: parsed[name] for name in ICMPV6.fields}
    assert ICMPV6.build(**values) == header


@pytest.mark.parametrize("query", QUERIES)
def test_query_and_answer(query: int, converse6: Converse) -> None:
    talk = converse6()
    asked = talk.send(HOSTS.echo(77, kind=query))
    assert (asked.state, asked.direction, talk.timeout, talk.packets) == ("new", "original", 30, (1, 0))
    answered = talk.send(HOSTS.back.echo(77, kind=QUERIES[query]))
    assert (answered.state, answered.direction, talk.packets) == ("established", "reply", (1, 1))
    assert talk.status == {"SEEN_REPLY", "CONFIRMED"}
    flow = talk.flow
    assert [flow[way][part] for way in ("original", "reply") for part in ("type", "code", "id")] == [
        *(query, 0, 77),
        *(QUERIES[query], 0, 77),
    ]


def test_every_packet_keeps_the_flow_alive_and_none_assures_it(converse6: Converse) -> None:
    talk = converse6()
    talk.send(HOSTS.echo(1))
    entry = talk.entry
    for number in range(5):
        talk.wait(29)
        talk.send((HOSTS if number % 2 else HOSTS.back).echo(1, kind=128 if number % 2 else 129))
        assert (talk.entry, talk.timeout, "ASSURED" in talk.status) == (entry, 30, False)
    talk.wait(30)
    assert talk.send(HOSTS.back.echo(1, kind=129)).state == "invalid"


def test_sysctl(converse6: Converse) -> None:
    assert converse6().conntrack.net.sysctl["nf_conntrack_icmpv6_timeout"] == 30
    talk = converse6(nf_conntrack_icmpv6_timeout=7)
    talk.send(HOSTS.echo(1))
    assert talk.timeout == 7


def test_identifier_and_code_are_of_the_tuple(converse6: Converse) -> None:
    talk = converse6()
    for ident, code in ((1, 0), (2, 0), (1, 1)):
        assert talk.send(HOSTS.echo(ident, code=code)).state == "new"
    assert len(talk.entries) == 3
    assert talk.send(HOSTS.back.echo(1, kind=129, code=1)).direction == "reply"
    assert talk.send(HOSTS.back.echo(3, kind=129)).state == "invalid"
    assert talk.send(HOSTS.echo(1, 999, b"other data")).entry is talk.entries[0]


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_an_answer_that_nobody_asked_for(kind: int, converse6: Converse) -> None:
    talk = converse6()
    for _ in range(2):
        result = talk.send(HOSTS.echo(1, kind=kind))
        assert (result.state, result.entry, len(result.reasons)) == ("invalid", None, 1)
    assert (talk.count("invalid"), talk.count("error"), talk.conntrack.net.table.count) == (2, 0, 0)


@pytest.mark.parametrize("kind", sorted(UNTRACKED))
def test_what_is_not_tracked(kind: int, converse6: Converse) -> None:
    """It has no entry and moves no counter; but its checksum has to be right."""
    talk = converse6()
    result = talk.send(HOSTS.icmp(kind, data=bytes(20)))
    assert (result.state, result.ctinfo, result.entry) == ("untracked", CtInfo.UNTRACKED, None)
    assert (result.verdict, result.reasons, result.events) == (Verdict.ACCEPT, [], [])
    assert all(count == 0 for _, count in talk.conntrack.net.stat.items())
    wrong = talk.send(HOSTS.icmp(kind, check=1))
    assert (wrong.state, wrong.reasons) == ("invalid", ["nf_ct_proto_58: ICMPv6 checksum failed"])


def test_a_neighbour_on_its_link(converse6: Converse) -> None:
    asked = IPv6("fe80::1", "ff02::1:ff00:2", hop_limit=255).icmp(135, data=bytes(16))
    assert (converse6().send(asked).state, converse6().send(asked).verdict) == ("untracked", Verdict.ACCEPT)


OTHERS = set(range(128, 256)) - set(QUERIES) - ANSWERS - UNTRACKED - {REDIRECT}


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_other_informational_types(kind: int, converse6: Converse) -> None:
    talk = converse6()
    result = talk.send(HOSTS.icmp(kind, data=bytes(40)))
    assert (result.state, result.entry, len(result.reasons)) == ("invalid", None, 1)
    assert (talk.count("invalid"), talk.count("error")) == (1, 0)


@pytest.mark.parametrize("size", range(8))
def test_a_header_that_is_not_whole(size: int, converse6: Converse) -> None:
    talk = converse6()
    result = talk.send(HOSTS.packet(IPPROTO_ICMPV6, payload_of(HOSTS.echo(1))[:size]))
    assert (result.state, result.reasons) == ("invalid", ["nf_ct_proto_58: short packet"])
    assert (talk.count("invalid"), talk.count("error")) == (0, 1)


def test_the_checksum(converse6: Converse) -> None:
    wrong = HOSTS.icmp(128, check=1)
    talk = converse6()
    result = talk.send(wrong)
    assert (result.state, result.reasons) == ("invalid", ["nf_ct_proto_58: ICMPv6 checksum failed"])
    assert (talk.count("invalid"), talk.count("error")) == (0, 1)
    assert converse6(nf_conntrack_checksum=0).send(wrong).state == "new"
    longer = HOSTS.icmp(128, data=b"abcdefgh", check=1)
    assert converse6().send(longer[:50], wire_length=len(longer)).state == "new"


def test_the_checksum_covers_the_addresses(converse6: Converse) -> None:
    message = payload_of(HOSTS.echo(1))
    elsewhere = IPv6(HOSTS.src, "2001:db8:2::3").packet(IPPROTO_ICMPV6, message)
    assert converse6().send(elsewhere).reasons == ["nf_ct_proto_58: ICMPv6 checksum failed"]


def test_the_host_itself_may_leave_checksums_to_its_hardware(converse6: Converse) -> None:
    talk = converse6()
    talk.conntrack.net.add_local(HOSTS.src)
    assert talk.send(HOSTS.icmp(128, check=1)).state == "new"
    assert talk.send(HOSTS.back.icmp(128, check=1)).state == "invalid"


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=30)
def test_echoes_of_any_length(registry: Registry, data: bytes) -> None:
    """The sum of an odd number of bytes, too."""
    (seen,) = accounts(registry, [HOSTS.echo(1, data=data)], ethertype=ETHERTYPE_IPV6)
    assert (seen["state"], seen["reasons"]) == ("new", [])


def test_events(converse6: Converse) -> None:
    talk = converse6()
    told = [
        [(event["type"], "SEEN_REPLY" in event["status"]) for event in talk.send(packet).events]
        for packet in (HOSTS.echo(1), HOSTS.back.echo(1, kind=129), HOSTS.echo(1), HOSTS.back.echo(1, kind=129))
    ]
    assert told == [[("NEW", False)], [("UPDATE", True)], [], []]


@pytest.mark.plugins("ipv4")
def test_icmpv6_is_not_for_ipv4(converse6: Converse) -> None:
    """It is seen by its tracker, which does not want it: ``invalid``, not ``error``."""
    from ctcore.testing.conversation import IPV4

    talk = converse6()
    result = talk.send(IPV4.packet(IPPROTO_ICMPV6, bytes((128, 0)) + bytes(6)))
    assert (result.state, talk.count("invalid"), talk.count("error")) == ("invalid", 1, 0)


def test_lines(converse6: Converse) -> None:
    talk = converse6(nf_conntrack_acct=0)
    talk.send(HOSTS.echo(5))
    way, back = "src=2001:db8:1::2 dst=2001:db8:2::2 type=128", "src=2001:db8:2::2 dst=2001:db8:1::2 type=129"
    line = f"icmpv6   58 30 {way} code=0 id=5 [UNREPLIED] {back} code=0 id=5 mark=0 use=1"
    assert text.flow_line(talk.entry, talk.now) == line
    assert save.flow_line(talk.entry, talk.now).endswith("-p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 5")
    assert '<layer4 protonum="58" protoname="icmpv6"></layer4>' in xml.flow_line(talk.entry, talk.now)


@given(st.binary(min_size=4, max_size=4))
def test_tuples(u: bytes) -> None:
    icmpv6 = Icmpv6()
    check_inverse(icmpv6.invert_tuple, u)
    assert icmpv6.nlattr_to_tuple(parse(icmpv6.tuple_to_nlattr(u))) == u
    number = int.from_bytes(u[:2], "big")
    assert tuple(icmpv6.print_tuple(u)) == (("type", u[2]), ("code", u[3]), ("id", number))


@pytest.mark.parametrize("kind", range(256))
def test_partners(kind: int) -> None:
    both_ways = {**QUERIES, **{answer: query for query, answer in QUERIES.items()}}
    back = Icmpv6().invert_tuple(bytes((1, 2, kind, 3)))
    assert back == (bytes((1, 2, both_ways[kind], 3)) if kind in both_ways else None)


@pytest.mark.parametrize("attrs", [{}, {7: b"ab", 8: b"c"}, {7: b"a", 8: b"c", 9: b"de"}, {4: b"ab", 5: b"c", 6: b"d"}])
def test_parts_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Icmpv6().nlattr_to_tuple(attrs) is None
