"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts, every_cut
from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import directions
from ctcore.testing.suite import L4ProtoSuite
from ctcore.testing.tunnels import GRE, PPP, gre, pptp_gre
from ctcore_gre import header as headers

HOSTS = IPv4("10.0.1.2", "10.0.2.2")


class TestGre(L4ProtoSuite):
    name = "gre"
    examples = 100
    header = headers.GRE
    more_headers = (headers.ENHANCED,)
    conversation = (HOSTS.packet(GRE, gre(b"hello")), HOSTS.back.packet(GRE, gre(b"you")))
    packets = st.one_of(
        st.builds(
            lambda ip, data, flags, version, protocol: ip.packet(
                GRE, gre(data, flags=flags << 3, version=version, protocol=protocol)
            ),
            directions,
            st.binary(max_size=12),
            st.integers(0, 0x1FFF),
            st.integers(0, 7),
            st.sampled_from([0x800, PPP]),
        ),
        st.builds(lambda ip, call: ip.packet(GRE, pptp_gre(call, b"data")), directions, st.integers(0, 3)),
    )

    def test_each_cut_is_invalid_with_a_reason(self, registry: Registry) -> None:
        """None is: to the kernel a header that is not all there is that of a tunnel without keys."""
        for packet in self.conversation:
            for short in every_cut(packet):
                (seen,) = accounts(registry, [short])
                assert (seen["state"], seen["reasons"]) == ("new", [])
                assert seen["entry"]["original"].items() >= {"srckey": "0x0", "dstkey": "0x0"}.items()
