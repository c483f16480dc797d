"""Settings that a round may have: the sysctls that change what becomes of a packet."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from ctcore.errors import SysctlError

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
    "nf_conntrack_icmpv6_timeout": (21,),
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
    "nf_conntrack_sctp_timeout_closed": (18, 300),
    "nf_conntrack_sctp_timeout_cookie_wait": (21, 301),
    "nf_conntrack_sctp_timeout_cookie_echoed": (22, 302),
    "nf_conntrack_sctp_timeout_established": (51, 303),
    "nf_conntrack_sctp_timeout_shutdown_sent": (24, 304),
    "nf_conntrack_sctp_timeout_shutdown_recd": (26, 305),
    "nf_conntrack_sctp_timeout_shutdown_ack_sent": (28, 306),
    "nf_conntrack_sctp_timeout_heartbeat_sent": (32, 307),
    "nf_conntrack_gre_timeout": (23, 308),
    "nf_conntrack_gre_timeout_stream": (53, 309),
    "net.ipv4.ipfrag_max_dist": (0, 1, 5),
}
"""Values beside the default. None is so short that an entry could end within a round."""


LINGERING: Final = 120
_UNACKNOWLEDGED: Final = "nf_conntrack_tcp_timeout_unacknowledged"
TOO_EVEN: Final = ("nf_conntrack_tcp_timeout_fin_wait", "nf_conntrack_tcp_timeout_time_wait")
"""Timeouts of exactly the 120 seconds below which a bad FIN or RST cuts no flow short, unless set otherwise.

Where such a timeout is set and asked for in the same tick of the kernel's clock the flow has those 120 seconds left,
and is cut to the timeout of unacknowledged data if that is less; a tick later it has not. Nothing can agree with that.
"""


def settings(seed: int, number: int, fixed: Mapping[str, int] | None = None) -> dict[str, int]:
    """The settings of one round, those that are ``fixed`` among them: the same for the same arguments."""
    rng = Random(f"settings {seed} {number}")
    count = rng.choice((0, 1, 2, 4, 8))
    drawn = {name: rng.choice(CHOICES[name]) for name in rng.sample(sorted(CHOICES), count)}
    together = {**steady(drawn), **(fixed or {})}
    if _even(together):
        del together[_UNACKNOWLEDGED]  # which was drawn, for what is fixed is steady
    return together


def steady(chosen: Mapping[str, int]) -> dict[str, int]:
    """Settings of which the kernel's answer does not depend on its tick: 125 seconds in place of a default of 120.

    Raises SysctlError where 120 seconds are wanted in so many words.
    """
    even = _even(chosen)
    for name in even:
        if name in chosen:
            raise SysctlError(
                f"{name}={LINGERING} cannot be compared with {_UNACKNOWLEDGED} below {LINGERING}: whether a bad FIN or "
                f"RST cuts such a flow short depends on the tick of the kernel's clock"
            )
    return {**chosen, **dict.fromkeys(even, LINGERING + 5)}


def _even(chosen: Mapping[str, int]) -> list[str]:
    if chosen.get(_UNACKNOWLEDGED, LINGERING) >= LINGERING:
        return []
    return [name for name in TOO_EVEN if chosen.get(name, LINGERING) == LINGERING]
