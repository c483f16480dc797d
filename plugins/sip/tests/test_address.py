"""Addresses as text: the answers are those of the running kernel."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_sip.address import Endpoint, address, endpoint

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.mark.parametrize(
    ("text", "dotted", "end"),
    [
        (b"10.0.1.2", "10.0.1.2", 8),
        (b"10.0.1.2:5060", "10.0.1.2", 8),
        (b"010.000.00001.002 x", "10.0.1.2", 17),
        (b"10.0.1.2g", "10.0.1.2", 8),
        (b"255.255.255.255\xff", "255.255.255.255", 15),
        (b"10.0.1.2a", None, 0),  # a hexadecimal digit ends no decimal number
        (b"10.0.1.2.", None, 0),
        (b"10.0.1.256", None, 0),
        (b"10.0.1." + b"9" * 9999, None, 0),
        (b"10.0.1", None, 0),
        (b"10..1.2", None, 0),
        (b"", None, 0),
    ],
)
def test_ipv4(text: bytes, dotted: str | None, end: int) -> None:
    for delimited in (False, True):
        found = address(b"x" + text, 1, V4, delimited)
        assert found == (None if dotted is None else (socket.inet_aton(dotted), end + 1))


@pytest.mark.parametrize(
    ("text", "meant", "rest"),
    [
        (b"2001:db8::1", "2001:db8::1", b""),
        (b"1:2:3:4:5:6:7:8 x", "1:2:3:4:5:6:7:8", b" x"),
        (b"::", "::", b""),
        (b"1::", "1::", b""),
        (b"::8\r\n", "::8", b"\r\n"),
        (b"00001:2:3:4:5:6:7:0000abc", "1:2:3:4:5:6:7:abc", b""),
        (b"::1.2.3.4", "::102:304", b""),
        (b"1:2:3:4:5:6:01.002.3.4::", "1:2:3:4:5:6:102:304", b"::"),
        (b"1:2:3:4:5:6:7:8]", "1:2:3:4:5:6:7:8", b"]"),
        (b"::1%eth0", "::1", b"%eth0"),
        (b"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", b""),
        (b"1:2:3:4::5:6:7:8", None, b""),  # nothing is left out
        (b"::1:2:3:4:5:6:7:8", None, b""),
        (b"1:2:3:4:5:6:7:8:9", None, b""),
        (b"1:2:3:4:5:6:7", None, b""),
        (b"1::2::3", None, b""),
        (b":::", None, b""),
        (b"1:::2", None, b""),
        (b":1", None, b""),
        (b"1:2:3:4:5:6:7:", None, b""),
        (b"10000::", None, b""),
        (b"::1.2.3", None, b""),
        (b"::1.2.3.256", None, b""),
        (b"1.2.3.4::", None, b""),
        (b"::1.2.3.4a", None, b""),
        (b"g::", None, b""),
        (b"", None, b""),
    ],
)
def test_ipv6(text: bytes, meant: str | None, rest: bytes) -> None:
    packed = None if meant is None else socket.inet_pton(V6, meant)
    found = address(text, 0, V6, delimited=False)
    assert found == (None if packed is None else (packed, len(text) - len(rest)))
    assert address(b"[" + text, 0, V6, delimited=False) is None
    assert address(text, 0, V6, delimited=True) is None
    bare = text[: len(text) - len(rest)]
    found = address(b"[" + bare + b"]:1", 0, V6, delimited=True)
    assert found == (None if packed is None else (packed, len(bare) + 2))
    assert address(b"[" + bare, 0, V6, delimited=True) is None


@pytest.mark.parametrize(
    ("text", "port", "end"),
    [
        (b"10.0.1.2>", 5060, 8),
        (b"10.0.1.2:5062;", 5062, 13),
        (b"10.0.1.2:05062x", 5062, 14),
        (b"10.0.1.2:1024 ", 1024, 13),
        (b"10.0.1.2:65535 ", 65535, 14),
        (b"10.0.1.2:1023 ", None, 0),
        (b"10.0.1.2:65536 ", None, 0),
        (b"10.0.1.2:005062 ", None, 0),  # six digits
        (b"10.0.1.2: ", None, 0),
        (b"10.0.1.2:x", None, 0),
        (b"10.0.1.2", None, 0),  # the message ends with it
        (b"10.0.1.2:5062", None, 0),
        (b"10.0.1.2:", None, 0),
        (b"host:5062 ", None, 0),
    ],
)
def test_endpoint(text: bytes, port: int | None, end: int) -> None:
    wanted = None if port is None else Endpoint(socket.inet_aton("10.0.1.2"), port, end)
    assert endpoint(text, 0, V4) == wanted


pieces = st.sampled_from([b"1", b"0", b"ffff", b":", b"::", b".", b"[", b"]", b"255", b"1.2.3.4", b"g", b"00000"])


@given(st.lists(pieces, max_size=20).map(b"".join) | st.binary(max_size=40), st.sampled_from([V4, V6]), st.booleans())
def test_any_bytes(text: bytes, family: int, delimited: bool) -> None:
    found = address(text, 0, family, delimited)
    if found is not None:
        packed, end = found
        assert len(packed) == (4 if family == V4 else 16)
        assert 0 < end <= len(text)
    where = endpoint(text, 0, family)
    if where is not None:
        assert 1024 <= where.port <= 65535
        assert 0 < where.end < len(text)


@given(st.ip_addresses(v=6))
def test_every_address_is_read(meant: object) -> None:
    packed = socket.inet_pton(V6, str(meant))
    assert address(f"{meant}\r\n".encode(), 0, V6, delimited=False) == (packed, len(str(meant)))
