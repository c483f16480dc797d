"""Settings that a round may have: the sysctls that change what becomes of a packet."""

from __future__ import annotations

from random import Random
from typing import Final

CHOICES: Final[dict[str, tuple[int, ...]]] = {
    "nf_conntrack_tcp_be_liberal": (1,),
    "nf_conntrack_tcp_loose": (0,),
    "nf_conntrack_tcp_ignore_invalid_rst": (1,),
    "nf_conntrack_tcp_max_retrans": (0, 1, 2, 255),
    "nf_conntrack_checksum": (0,),
    "nf_conntrack_acct": (0,),
    "nf_conntrack_events": (0,),
    "nf_conntrack_timestamp": (1,),
    "nf_conntrack_generic_timeout": (77,),
    "nf_conntrack_icmp_timeout": (19,),
    "nf_conntrack_udp_timeout": (17, 500),
    "nf_conntrack_udp_timeout_stream": (77,),
    "nf_conntrack_tcp_timeout_syn_sent": (31, 500),
    "nf_conntrack_tcp_timeout_syn_recv": (33, 400),
    "nf_conntrack_tcp_timeout_established": (100, 290),
    "nf_conntrack_tcp_timeout_fin_wait": (35, 700),
    "nf_conntrack_tcp_timeout_close_wait": (37, 800),
    "nf_conntrack_tcp_timeout_last_ack": (39, 900),
    "nf_conntrack_tcp_timeout_time_wait": (45, 1000),
    "nf_conntrack_tcp_timeout_close": (47, 600),
    "nf_conntrack_tcp_timeout_max_retrans": (41, 60, 350),
    "nf_conntrack_tcp_timeout_unacknowledged": (43, 70, 360),
    "net.ipv4.ipfrag_max_dist": (0, 1, 5),
}
"""Values beside the default. None is so short that an entry could end within a round."""


LINGERING: Final = 120
TOO_EVEN: Final = ("nf_conntrack_tcp_timeout_fin_wait", "nf_conntrack_tcp_timeout_time_wait")
"""Timeouts of exactly the 120 seconds below which no flow is cut short. Where one is set and asked for in the same
tick of the kernel's clock it is that long, and a tick later it is not: no matter for a clock that stands still."""


def settings(seed: int, number: int) -> dict[str, int]:
    """The settings of one round: the same for the same arguments."""
    rng = Random(f"settings {seed} {number}")
    count = rng.choice((0, 1, 2, 4, 8))
    drawn = {name: rng.choice(CHOICES[name]) for name in rng.sample(sorted(CHOICES), count)}
    if drawn.get("nf_conntrack_tcp_timeout_unacknowledged", LINGERING) < LINGERING:
        drawn = {**dict.fromkeys(TOO_EVEN, LINGERING + 5), **drawn}
    return drawn
