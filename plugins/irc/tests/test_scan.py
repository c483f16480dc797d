"""Offers of a direct connection, and what is none."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_irc.scan import MOST, scan

ADDRESS = socket.inet_aton("10.0.1.2")
NUMBER = str(int.from_bytes(ADDRESS, "big")).encode()
OFFER = b"PRIVMSG bob :\1DCC SEND file " + NUMBER + b" 5000 12\1\r\n"
FOUND = (ADDRESS, 5000)


@pytest.mark.parametrize(
    "text",
    [
        OFFER,
        OFFER.replace(b"PRIVMSG", b"privmsg"),
        b" \r\n \n" + OFFER,
        *(OFFER.replace(b"SEND", word) for word in (b"CHAT", b"MOVE", b"TSEND", b"SCHAT")),
        OFFER.replace(b" 5000 ", b"    5000 "),
        OFFER.replace(b"5000", b"70536"),
        OFFER.replace(NUMBER, str(int(NUMBER) + 2**32).encode()),
        OFFER.replace(NUMBER, b"0" * 5 + NUMBER),
        OFFER.replace(b"5000 12", b"5000x"),
        OFFER.replace(b"bob", b"bob :\1DCC XDCC " + b"a" * 26),
        OFFER + b"PRIVMSG eve :nothing\r\n",
    ],
)
def test_an_offer(text: bytes) -> None:
    assert scan(text) == FOUND


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"NICK alice\r\n",
        b"PING :x\r\n" + OFFER,  # a message begins with a command, and it is another one
        OFFER.replace(b"PRIVMSG", b"NOTICE"),
        OFFER.replace(b"SEND", b"send"),
        OFFER.replace(b"SEND", b"ACCEPT"),
        OFFER.replace(b"\1DCC", b"DCC"),
        OFFER.replace(b"\1DCC ", b"\1DCC"),
        OFFER.replace(b" :", b" "),
        b"PRIVMSG bob :hi :" + OFFER[13:],
        OFFER.rstrip(b"\r\n"),
        OFFER.replace(b"file", b"a-name-that-goes-on-to-the-end-of-the-message")[:50],
        b"PRIVMSG b :\1DCC SEND f 1 2\1\n",  # too short to be one
    ],
)
def test_no_offer(text: bytes) -> None:
    assert scan(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (OFFER.replace(NUMBER, b"x"), (bytes(4), 0)),
        (OFFER.replace(b"5000 12", b"none"), (ADDRESS, 0)),
        (OFFER.replace(b"5000", b"-5"), (ADDRESS, 0)),
        (OFFER.replace(b"file", b"two words"), (bytes(4), 0)),
        (OFFER.replace(b"5000", b"65536"), (ADDRESS, 0)),
        (OFFER.replace(b"5000", b"9" * 500), (ADDRESS, (10**500 - 1) % 2**32 % 2**16)),
    ],
)
def test_numbers_that_are_none(text: bytes, found: tuple[bytes, int]) -> None:
    assert scan(text) == found


def test_no_more_than_so_many_bytes_are_read() -> None:
    assert scan(b" " * (MOST - len(OFFER)) + OFFER) == FOUND
    assert scan(b" " * MOST + OFFER) is None


pieces = st.sampled_from([b"PRIVMSG ", b"bob", b" :", b"\1DCC ", b"SEND ", b"a ", NUMBER, b" ", b"5000", b"\1", b"\n"])


@given(st.lists(pieces | st.binary(max_size=3), max_size=20).map(b"".join) | st.binary())
def test_any_bytes(data: bytes) -> None:
    found = scan(data)
    if found is not None:
        address, port = found
        assert len(address) == 4
        assert 0 <= port <= 0xFFFF


@pytest.mark.parametrize("data", [b"PRIVMSG " + b" :" * 30000, OFFER[:24] + b"9" * 60000 + b"\n", b" " * 60000])
def test_a_segment_full_of_it_takes_no_long_time(data: bytes) -> None:
    assert scan(data) is None
