"""The parameters of the kernel module nf_conntrack_sip."""

from __future__ import annotations

from typing import Final

from ctcore.sysctl import SECOND, Sysctl, switch

HZ: Final = 250
"""Ticks of a second: what the kernel's timers count, in 32 bits."""


class Settings:
    """``timeout`` in nanoseconds, the others 0 or 1."""

    def __init__(self) -> None:
        self.timeout = 3600 * SECOND
        self.direct_signalling = 1
        self.direct_media = 1
        self.external_media = 0


LONGEST: Final = (2**31 - 1) // HZ
"""Seconds: the kernel multiplies any number, and a flow with more ticks than that is dead at once."""

SYSCTLS: Final = (
    Sysctl(
        "nf_conntrack_sip.sip_timeout",
        3600,
        "timeout",
        "a signalling flow, from each of its messages on",
        unit="seconds",
        maximum=LONGEST,
        scale=SECOND,
    ),
    switch("nf_conntrack_sip.sip_direct_signalling", 1, "direct_signalling", "calls come only from the registrar"),
    switch("nf_conntrack_sip.sip_direct_media", 1, "direct_media", "media go only between the ends of the signalling"),
    switch(
        "nf_conntrack_sip.sip_external_media",
        0,
        "external_media",
        "media that come in where the signalling does are not expected",
    ),
)
