"""The project's captures through the running kernel and through ctcore: no difference in any field.

Both sides are fed at full speed, so that time stands still for them: ctcore's clock is frozen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ctcore.verify import streams
from ctcore.verify.compare import compare

CAPTURES = sorted((Path(__file__).parents[1] / "captures").glob("*.pcap*"))
SETTINGS: dict[str, streams.Sysctls] = {
    "defaults": {},
    "liberal": {"nf_conntrack_tcp_be_liberal": 1},
    "strict pickup": {"nf_conntrack_tcp_loose": 0},
    "no checksums": {"nf_conntrack_checksum": 0},
    "lenient resets": {"nf_conntrack_tcp_ignore_invalid_rst": 1, "nf_conntrack_tcp_max_retrans": 1},
    "other timeouts": {
        "nf_conntrack_udp_timeout": 17,
        "nf_conntrack_udp_timeout_stream": 77,
        "nf_conntrack_icmp_timeout": 19,
        "nf_conntrack_tcp_timeout_syn_sent": 31,
        "nf_conntrack_tcp_timeout_established": 1000,
        "nf_conntrack_tcp_timeout_unacknowledged": 41,
        "nf_conntrack_tcp_timeout_max_retrans": 43,
    },
}


def test_there_are_captures() -> None:
    assert CAPTURES


@pytest.mark.kernel
@pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "udplite")
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_kernel_and_ctcore_agree(capture: Path, settings: str) -> None:
    theirs = list(streams.kernel(str(capture), SETTINGS[settings]))
    result = compare(theirs, streams.trace(str(capture), SETTINGS[settings]))
    assert result.packets > 0
    assert not result.differences, "\n".join(map(str, result.differences[:20]))
