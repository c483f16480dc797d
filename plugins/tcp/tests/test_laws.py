"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4, sack, sack_permitted, tcp_options, window_scale
from ctcore.testing.strategies import directions
from ctcore.testing.suite import L4ProtoSuite
from ctcore_tcp.header import TCP

HOSTS = IPv4("10.0.1.2", "10.0.2.2")
NUMBERS = st.sampled_from([0, 100, 101, 500, 501, 2**31, 2**32 - 1])


class TestTcp(L4ProtoSuite):
    name = "tcp"
    examples = 100
    header = TCP
    conversation = (
        HOSTS.tcp(1, 2, "S", 100, options=tcp_options(window_scale(2)), data=b"hello"),
        HOSTS.back.tcp(2, 1, "SA", 500, 101, options=tcp_options(window_scale(7) + sack_permitted())),
        HOSTS.tcp(1, 2, "A", 101, 501),
        HOSTS.tcp(1, 2, "PA", 101, 501, data=b"hello"),
        HOSTS.back.tcp(2, 1, "FA", 501, 106),
    )
    # A few ports and numbers, so that segments meet in one flow.
    packets = st.builds(
        lambda ip, flags, seq, ack, window, options, data: ip.tcp(
            7, 7, flags, seq, ack, window=window, options=tcp_options(options)[:40], data=data
        ),
        directions,
        st.one_of(st.sampled_from(["S", "SA", "A", "A", "FA", "R", "RA"]), st.text("FSRPAUEC", max_size=8)),
        NUMBERS,
        NUMBERS,
        st.sampled_from([0, 1, 1000, 65535]),
        st.one_of(st.just(b""), st.binary(max_size=40), st.just(window_scale(7) + sack_permitted() + sack((1, 2)))),
        st.binary(max_size=9),
    )
