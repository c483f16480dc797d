"""The lines that announce, and those that almost do."""

from __future__ import annotations

import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_ftp.scan import Announced, scan

OWN = bytes((10, 0, 1, 2))
OWN6 = socket.inet_pton(socket.AF_INET6, "2001:db8::2")
CLIENT, SERVER = 0, 1


def at(text: str, port: int) -> Announced:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return Announced(socket.inet_pton(family, text), port)


@pytest.mark.parametrize(
    ("direction", "line", "literal", "announced"),
    [
        (CLIENT, b"PORT 10,0,1,2,4,210\r\n", "PORT", at("10.0.1.2", 1234)),
        (CLIENT, b"port 10,0,1,2,4,210\r\n", "PORT", at("10.0.1.2", 1234)),
        (CLIENT, b"PORT\t\t 10,0,1,2,4,210\r", "PORT", at("10.0.1.2", 1234)),
        (CLIENT, b"PORT 10,0,1,2,0,0\r\n", "PORT", at("10.0.1.2", 0)),
        (CLIENT, b"PORT ,,,,,\r\n", "PORT", at("0.0.0.0", 0)),
        (CLIENT, b"PORT 10,0,1,258,4,210\r\n", "PORT", at("10.0.1.2", 1234)),  # put together by shifts: 1 | 258
        (CLIENT, b"PORT 10,0,1,2,0,70000\r\n", "PORT", at("10.0.1.2", 70000 - 65536)),
        (CLIENT, b"PORT 4294967306,0,1,2,4,210\r\n", "PORT", at("10.0.1.2", 1234)),
        (CLIENT, b"EPRT |1|10.0.1.2|1234|\r\n", "EPRT", at("10.0.1.2", 1234)),
        (CLIENT, b"EPRT !1!10.0.1.2!1234!", "EPRT", at("10.0.1.2", 1234)),
        (CLIENT, b"EPRT |1|10.0.1.2|66770|", "EPRT", at("10.0.1.2", 1234)),
        (SERVER, b"227 Entering Passive Mode (10,0,1,2,4,210)\r\n", "227 ", at("10.0.1.2", 1234)),
        (SERVER, b"227 =10,0,1,2,4,210.\r\n", "227 ", at("10.0.1.2", 1234)),
        (SERVER, b"229 Entering Extended Passive Mode (|||1234|)\r\n", "229 ", at("10.0.1.2", 1234)),
        (SERVER, b"229 (!!!1234!", "229 ", at("10.0.1.2", 1234)),
    ],
)
def test_what_is_announced(direction: int, line: bytes, literal: str, announced: Announced) -> None:
    assert scan(line, direction, OWN) == (literal, announced)


@pytest.mark.parametrize(
    ("direction", "line", "literal"),
    [
        (CLIENT, b"P", "PORT"),
        (CLIENT, b"PORT", "PORT"),
        (CLIENT, b"PORT10,0,1,2,4,210\r\n", "PORT"),
        (CLIENT, b"PORT ", "PORT"),
        (CLIENT, b"PORT  10,0,1,2,4,210\r\n", "PORT"),
        (CLIENT, b"PORT 10,0,1,2,4,210", "PORT"),
        (CLIENT, b"PORT 10,0,1,2,4,210\n", "PORT"),
        (CLIENT, b"PORT 10,0,1,2,4,210,\r\n", "PORT"),
        (CLIENT, b"PORT 10,0,1,2,4\r\n", "PORT"),
        (CLIENT, b"PORT -10,0,1,2,4,210\r\n", "PORT"),
        (CLIENT, b"EPRT ", "EPRT"),
        (CLIENT, b"EPRT |1", "EPRT"),
        (CLIENT, b"EPRT |1|10.0.1.2|0|\r\n", "EPRT"),
        (CLIENT, b"EPRT |1|10.0.1.2|65536|\r\n", "EPRT"),
        (CLIENT, b"EPRT |1|10.0.1|1234|\r\n", "EPRT"),
        (CLIENT, b"EPRT |1|10.0.1.2|1234\r\n", "EPRT"),
        (CLIENT, b"EPRT |1|10.0.1.2!1234!\r\n", "EPRT"),
        (CLIENT, b"EPRT |2|2001:db8::2|1234|\r\n", "EPRT"),
        (CLIENT, b"EPRT 11110.0.1.211234\r\n", "EPRT"),
        (CLIENT, b"EPRT  1 10.0.1.2 1234 \r\n", "EPRT"),
        (SERVER, b"227 ", "227 "),
        (SERVER, b"227 Entering Passive Mode\r\n", "227 "),
        (SERVER, b"227 Mode 2 (10,0,1,2,4,210)\r\n", "227 "),
        (SERVER, b"227 10,0,1,2,4,210", "227 "),
        (SERVER, b"229 no bracket |||1234|\r\n", "229 "),
        (SERVER, b"229 (||1234|)\r\n", "229 "),
        (SERVER, b"229 (|||0|)\r\n", "229 "),
        (SERVER, b"229 (|||)\r\n", "229 "),
        (SERVER, b"2", "227 "),
    ],
)
def test_a_partial_match(direction: int, line: bytes, literal: str) -> None:
    assert scan(line, direction, OWN) == (literal, None)


@pytest.mark.parametrize(
    ("direction", "line"),
    [
        (CLIENT, b"USER me\r\n"),
        (CLIENT, b" PORT 10,0,1,2,4,210\r\n"),
        (CLIENT, b"NOOP\r\nPORT 10,0,1,2,4,210\r\n"),
        (CLIENT, b"227 (10,0,1,2,4,210)\r\n"),
        (SERVER, b"PORT 10,0,1,2,4,210\r\n"),
        (SERVER, b"220 hello\r\n"),
        (SERVER, b"2270\r\n"),
    ],
)
def test_other_lines(direction: int, line: bytes) -> None:
    assert scan(line, direction, OWN) == (None, None)


@pytest.mark.parametrize(
    ("direction", "line", "announced"),
    [
        (CLIENT, b"EPRT |2|2001:db8::2|1234|\r\n", at("2001:db8::2", 1234)),
        (CLIENT, b"EPRT |2|::ffff:10.0.1.2|1234|\r\n", at("::ffff:10.0.1.2", 1234)),
        (SERVER, b"229 (|||1234|)\r\n", at("2001:db8::2", 1234)),
        (CLIENT, b"EPRT |2|2001:db8:::2|1234|\r\n", None),
        (CLIENT, b"EPRT |2|2001:db8::2%eth0|1234|\r\n", None),
        (CLIENT, b"EPRT |2||1234|\r\n", None),
        (CLIENT, b"EPRT |2|\xb9|1234|\r\n", None),
        (CLIENT, b"EPRT |2|2001:db8::2", None),
        (CLIENT, b"EPRT |1|10.0.1.2|1234|\r\n", None),
    ],
)
def test_over_ipv6(direction: int, line: bytes, announced: Announced | None) -> None:
    assert scan(line, direction, OWN6)[1] == announced


def test_an_ipv4_address_over_ipv6_is_another_hosts() -> None:
    """The old commands have room for IPv4 alone: what they name is not the address of any IPv6 host."""
    _, announced = scan(b"PORT 10,0,1,2,4,210\r\n", CLIENT, OWN6)
    assert announced is not None
    assert announced.address != OWN6
    assert len(announced.address) == len(OWN6)


numbers = st.tuples(*[st.integers(0, 255)] * 6)


@given(numbers)
def test_every_address_and_port_is_read_as_it_was_written(parts: tuple[int, ...]) -> None:
    text = ",".join(map(str, parts)).encode()
    wanted = Announced(bytes(parts[:4]), parts[4] << 8 | parts[5])
    assert scan(b"PORT " + text + b"\r\n", CLIENT, OWN)[1] == wanted
    assert scan(b"227 Entering Passive Mode (" + text + b")\r\n", SERVER, OWN)[1] == wanted


words = st.sampled_from(
    [b"PORT ", b"EPRT |1|", b"227 (", b"229 (|||", b"10,0,1,2,", b"10.0.1.2|", b"1234", b"|", b"\r\n"]
)
texts = st.lists(words | st.binary(max_size=3), min_size=1, max_size=8).map(b"".join).filter(bool)


@given(texts | st.binary(min_size=1), st.sampled_from([CLIENT, SERVER]), st.sampled_from([OWN, OWN6]))
def test_any_bytes(data: bytes, direction: int, own: bytes) -> None:
    literal, announced = scan(data, direction, own)
    if announced is not None:
        assert literal is not None
        assert len(announced.address) == len(own)
        assert 0 <= announced.port <= 0xFFFF
    if literal is not None:
        assert re.match(re.escape(literal.encode()[: len(data)]), data, re.IGNORECASE)


@pytest.mark.parametrize("data", [b"PORT " + b"9" * 60000, b"227 " + b"1," * 30000, b"229 (" + b"|" * 60000])
def test_a_segment_full_of_it_takes_no_long_time(data: bytes) -> None:
    for direction in (CLIENT, SERVER):
        assert scan(data, direction, OWN)[1] is None
