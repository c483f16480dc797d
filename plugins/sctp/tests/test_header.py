"""Header, chunks and checksum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Header
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import payload_of, shortened
from ctcore.testing.sctp import (
    ABORT,
    COOKIE_ACK,
    COOKIE_ECHO,
    INIT,
    SACK,
    SHUTDOWN_COMPLETE,
    Association,
    chunk,
    data,
    init,
    init_ack,
)
from ctcore_sctp.header import CHUNK, INIT_HEADER, SCTP, crc_is_right

TALK = Association()
PREFIX = "nf_ct_proto_132: "


@pytest.mark.parametrize("header", [SCTP, CHUNK, INIT_HEADER])
@given(st.binary(min_size=16, max_size=16), st.binary(max_size=7))
def test_the_fast_reader_reads_what_construct_parses(header: Header, data: bytes, before: bytes) -> None:
    part = data[: header.size]
    parsed = header.parse(part)
    values = dict(zip(header.fields, header.reader()(before + part, len(before)), strict=True))
    assert values == {name: parsed[name] for name in header.fields}
    assert header.build(**values) == part


def test_the_check_value_of_crc32c() -> None:
    """The packet that has the well-known nine digits where its checksum does not matter to them."""
    whole = payload_of(TALK.init())
    assert crc_is_right(whole, 0, len(whole))
    assert crc_is_right(b"xx" + whole + b"yy", 2, 2 + len(whole))
    for at in range(len(whole)):
        assert not crc_is_right(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], 0, len(whole))


def refusal(talk: Conversation, packet: bytes) -> list[str]:
    result = talk.send(packet)
    assert (result.state, result.entry) == ("invalid", None)
    assert talk.count("invalid") == 1
    return [text.removeprefix(PREFIX) for text in result.reasons]


def test_a_wrong_checksum(converse: Converse) -> None:
    packet = TALK.send(0, init(5), vtag=0, check=1)
    assert refusal(converse(), packet) == ["nf_ct_sctp: bad CRC"]
    assert converse(nf_conntrack_checksum=0).send(packet).state == "new"


def test_a_header_that_is_not_whole(converse: Converse) -> None:
    assert refusal(converse(), shortened(TALK.init(), 31)) == ["nf_ct_sctp: short packet"]


CHECKS = "do_basic_checks failed. chunk num "
WRONG = [
    ((), "there is no chunk"),
    ((chunk(INIT, bytes(16), length=0),), f"{CHECKS}0, type 1, len 0 flag 1"),
    ((init(5), data()), f"{CHECKS}1, type 0, len 5120 flag 1"),
    ((data(), init(5)), f"{CHECKS}1, type 1, len 5120 flag 1"),
    ((init_ack(5), chunk(SACK)), f"{CHECKS}1, type 3, len 1024 flag 1"),
    ((chunk(SHUTDOWN_COMPLETE), chunk(SACK)), f"{CHECKS}1, type 3, len 1024 flag 1"),
    ((data(), chunk(COOKIE_ACK)), f"{CHECKS}1, type 11, len 1024 flag 0"),
    ((data(), chunk(COOKIE_ECHO, bytes(8))), f"{CHECKS}1, type 10, len 3072 flag 0"),
]


@pytest.mark.parametrize(("chunks", "reason"), WRONG)
def test_chunks_that_may_not_stand_so(chunks: tuple[bytes, ...], reason: str, converse: Converse) -> None:
    assert refusal(converse(), TALK.send(0, *chunks, vtag=0)) == [reason]


@pytest.mark.parametrize(
    "packet",
    [
        TALK.send(0, data()),
        TALK.send(0, chunk(SACK, bytes(12))),
        TALK.send(0, chunk(ABORT)),
        TALK.send(0, chunk(SHUTDOWN_COMPLETE)),
        TALK.send(0, chunk(COOKIE_ACK)),
        TALK.send(0, init(5), vtag=7),
        TALK.send(0, chunk(INIT, bytes(12)), vtag=0),
    ],
)
def test_what_does_not_open_an_association(packet: bytes, converse: Converse) -> None:
    talk = converse()
    assert refusal(talk, packet)
    assert talk.entries == []


def test_a_chunk_header_that_is_cut_off_is_none(converse: Converse) -> None:
    """The scan ends where no header is left, as does the kernel's."""
    talk = converse()
    for packet in TALK.opening():
        talk.send(packet)
    assert talk.send(TALK.send(0, data(), b"\x06\x00")).state == "established"
