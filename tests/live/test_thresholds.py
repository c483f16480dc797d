"""The memory for fragments: which values its settings take, and what becomes of fragments with the oddest of them."""

from __future__ import annotations

from typing import Final

import pytest

from ctcore.errors import SysctlError
from ctcore.netns import Net
from ctcore.testing.packets import IPv4, IPv6, payload_of
from ctcore.verify.fuzz.run import Rounds
from ctcore.verify.kernel import ETH_P_IP, ETH_P_IPV6
from ctcore.verify.namespace import Namespace

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "ipv6", "udp")]

PREFIXES: Final = ("net.ipv4.ipfrag", "net.netfilter.nf_conntrack_frag6")
WRITES: Final = (
    ("low", 4194304), ("low", 4194305), ("high", 4194303), ("low", 100), ("high", 99), ("high", 100), ("low", 0),
    ("high", 0), ("low", 1), ("low", -1), ("high", -1), ("high", 2**63 - 1), ("high", 2**63), ("low", 2**63),
    ("high", 2**64 - 1), ("high", 2**64), ("low", 2**64 - 1),
)  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_kernel_takes_the_same_values(net: Net, prefix: str) -> None:
    def takes(side: Namespace | Net, name: str, value: int) -> bool:
        try:
            side.set_sysctl(name, value) if isinstance(side, Namespace) else side.sysctl.__setitem__(name, value)
        except SysctlError:
            return False
        return True

    with Namespace() as kernel:
        writes = [(f"{prefix}_{which}_thresh", value) for which, value in WRITES]
        theirs = [takes(kernel, *write) for write in writes]
    assert [takes(net, *write) for write in writes] == theirs
    assert {True, False} == set(theirs)


@pytest.mark.parametrize("high", [2**31, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("ip", [IPv4("10.0.1.2", "10.0.2.2"), IPv6("2001:db8:1::2", "2001:db8:2::2")], ids=["4", "6"])
def test_a_large_threshold(ip: IPv4 | IPv6, high: int) -> None:
    """From 2^63 on there is no room for any fragment."""
    packets = ip.fragments(17, payload_of(ip.udp(1, 2, bytes(60))), [40])
    settings = {f"{prefix}_high_thresh": high for prefix in PREFIXES}
    outcome = Rounds(settings, ETH_P_IP if isinstance(ip, IPv4) else ETH_P_IPV6).run(packets)
    assert outcome.difference is None
    assert [one["ctinfo"] for one in outcome.kernel] == ["none", "new" if high < 2**63 else "none"]
