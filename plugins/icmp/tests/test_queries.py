"""Queries and answers are flows of their own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import ICMP as IPPROTO_ICMP
from ctcore.testing.packets import IPv4, payload_of
from ctcore_icmp import Icmp
from ctcore_icmp.header import ICMP

HOSTS = IPv4("10.0.1.2", "10.0.2.2")

# Each query and its answer.
QUERIES = {8: 0, 13: 14, 15: 16, 17: 18}
ERRORS = {3, 4, 5, 11, 12}
ANSWERS = set(QUERIES.values())
HIGHEST = 18

read_all = ICMP.reader()


@pytest.mark.parametrize("query", QUERIES)
def test_query_and_answer(query: int, converse: Converse) -> None:
    talk = converse()
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


def test_every_packet_keeps_the_flow_alive_and_none_assures_it(converse: Converse) -> None:
    talk = converse()
    talk.send(HOSTS.echo(1))
    entry = talk.entry
    for number in range(5):
        talk.wait(29)
        talk.send((HOSTS if number % 2 else HOSTS.back).echo(1, kind=8 if number % 2 else 0))
        assert (talk.entry, talk.timeout, "ASSURED" in talk.status) == (entry, 30, False)
    talk.wait(30)
    assert talk.send(HOSTS.back.echo(1, kind=0)).state == "invalid"


def test_sysctl(converse: Converse) -> None:
    assert converse().conntrack.net.sysctl["nf_conntrack_icmp_timeout"] == 30
    talk = converse(nf_conntrack_icmp_timeout=7)
    talk.send(HOSTS.echo(1))
    assert talk.timeout == 7


def test_identifier_and_code_are_of_the_tuple(converse: Converse) -> None:
    talk = converse()
    for ident, code in ((1, 0), (2, 0), (1, 1)):
        assert talk.send(HOSTS.echo(ident, code=code)).state == "new"
    assert len(talk.entries) == 3
    assert talk.send(HOSTS.back.echo(1, kind=0, code=1)).direction == "reply"
    assert talk.send(HOSTS.back.echo(3, kind=0)).state == "invalid"
    assert talk.send(HOSTS.echo(1, 999, b"other data")).entry is talk.entries[0]


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_an_answer_that_nobody_asked_for(kind: int, converse: Converse) -> None:
    talk = converse()
    for _ in range(2):
        result = talk.send(HOSTS.echo(1, kind=kind))
        assert (result.state, result.entry, len(result.reasons)) == ("invalid", None, 1)
    assert (talk.count("invalid"), talk.count("error"), talk.conntrack.net.table.count) == (2, 0, 0)


OTHERS = set(range(256)) - set(QUERIES) - ANSWERS - ERRORS


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_other_types(kind: int, converse: Converse) -> None:
    """A type that nobody answers is ``invalid`` among the counters, one that does not exist is ``error``."""
    talk = converse()
    result = talk.send(HOSTS.icmp(kind))
    unknown = kind > HIGHEST
    assert (result.state, result.entry) == ("invalid", None)
    assert (talk.count("invalid"), talk.count("error")) == (0 if unknown else 1, 1 if unknown else 0)
    if unknown:
        assert result.reasons == ["nf_ct_proto_1: invalid icmp type"]
    else:
        assert len(result.reasons) == 1


@pytest.mark.parametrize("size", range(8))
def test_a_header_that_is_not_whole(size: int, converse: Converse) -> None:
    talk = converse()
    result = talk.send(HOSTS.packet(IPPROTO_ICMP, payload_of(HOSTS.echo(1))[:size]))
    assert (result.state, result.reasons) == ("invalid", ["nf_ct_proto_1: short packet"])
    assert (talk.count("invalid"), talk.count("error")) == (0, 1)


def test_the_checksum(converse: Converse) -> None:
    wrong = HOSTS.icmp(8, check=1)
    talk = converse()
    result = talk.send(wrong)
    assert (result.state, result.reasons) == ("invalid", ["nf_ct_proto_1: bad hw icmp checksum"])
    assert (talk.count("invalid"), talk.count("error")) == (0, 1)
    assert converse(nf_conntrack_checksum=0).send(wrong).state == "new"
    longer = HOSTS.icmp(8, data=b"abcdefgh", check=1)
    assert converse().send(longer[:30], wire_length=len(longer)).state == "new"


def test_the_host_itself_may_leave_checksums_to_its_hardware(converse: Converse) -> None:
    talk = converse()
    talk.conntrack.net.add_local("10.0.1.2")
    assert talk.send(HOSTS.icmp(8, check=1)).state == "new"
    assert talk.send(HOSTS.back.icmp(8, check=1)).state == "invalid"


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=30)
def test_echoes_of_any_length(registry: Registry, data: bytes) -> None:
    """The sum of an odd number of bytes, too."""
    (seen,) = accounts(registry, [HOSTS.echo(1, data=data)])
    assert (seen["state"], seen["reasons"]) == ("new", [])


def test_events(converse: Converse) -> None:
    talk = converse()
    told = [
        [(event["type"], "SEEN_REPLY" in event["status"]) for event in talk.send(packet).events]
        for packet in (HOSTS.echo(1), HOSTS.back.echo(1, kind=0), HOSTS.echo(1), HOSTS.back.echo(1, kind=0))
    ]
    assert told == [[("NEW", False)], [("UPDATE", True)], [], []]


@given(st.binary(min_size=4, max_size=4))
def test_tuples(u: bytes) -> None:
    icmp = Icmp()
    number = int.from_bytes(u[:2], "big")
    assert tuple(icmp.print_tuple(u)) == (("type", u[2]), ("code", u[3]), ("id", number))
    assert tuple(icmp.print_save(u)) == (("--icmp-type", u[2]), ("--icmp-code", u[3]), ("--icmp-id", number))


@pytest.mark.parametrize("kind", range(256))
def test_partners(kind: int) -> None:
    both_ways = {**QUERIES, **{answer: query for query, answer in QUERIES.items()}}
    back = Icmp().invert_tuple(bytes((1, 2, kind, 3)))
    assert back == (bytes((1, 2, both_ways[kind], 3)) if kind in both_ways else None)


@pytest.mark.parametrize("attrs", [{}, {4: b"ab", 5: b"c"}, {4: b"a", 5: b"c", 6: b"de"}])
def test_parts_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Icmp().nlattr_to_tuple(attrs) is None
