"""The settings that the core itself brings: the table's, the expectations', the namespace's."""

from __future__ import annotations

from typing import Final

from ctcore.sysctl import Sysctl, switch, timeout

BUCKETS: Final = 262144  # the kernel's choice on a machine with more than 4 GiB
EXPECT_MAX: Final = BUCKETS // 256 * 4

SYSCTLS: Final = (
    Sysctl("nf_conntrack_max", BUCKETS, "maximum", "how many flows there may be; 0 for any number"),
    Sysctl("nf_conntrack_count", 0, "count", "how many flows have memory", read_only=True),
    Sysctl("nf_conntrack_buckets", BUCKETS, "buckets", "chains of the hash table; rounded up to 512", minimum=1),
)
EXPECT_SYSCTLS: Final = (
    Sysctl("nf_conntrack_expect_max", EXPECT_MAX, "maximum", "how many expectations there may be", minimum=1),
)
TRACKER_SYSCTLS: Final = (switch("nf_conntrack_checksum", 1, "checksum", "verify checksums at PRE_ROUTING"),)
NET_SYSCTLS: Final = (
    Sysctl("nf_conntrack_log_invalid", 0, "log_invalid", "the kernel's log; reasons are kept anyway", maximum=255),
    switch("nf_conntrack_acct", 0, "acct", "count packets and bytes of new flows"),
    Sysctl(
        "nf_conntrack_events", 2, "events", "0: no flow emits events, 1: all, 2: those born to a listener", maximum=2
    ),
    switch("nf_conntrack_timestamp", 0, "timestamp", "keep start and stop times of new flows"),
)
HELPER_SYSCTLS: Final = (
    switch("nf_conntrack_helper", 0, "automatic", "give helpers to flows by their ports, as kernels before 6.0 could"),
)
GENERIC_SYSCTLS: Final = (
    timeout("nf_conntrack_generic_timeout", 600, "timeout", "a flow of a protocol without a tracker"),
)
CORE_SYSCTLS: Final = (
    *SYSCTLS,
    *EXPECT_SYSCTLS,
    *TRACKER_SYSCTLS,
    *NET_SYSCTLS,
    *HELPER_SYSCTLS,
    *GENERIC_SYSCTLS,
)
