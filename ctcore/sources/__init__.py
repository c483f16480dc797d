"""Captures in: packets out of pcap and pcapng files and pipes, down to the network layer."""

from __future__ import annotations

from ctcore.sources.capture import Capture, open_capture
from ctcore.sources.link import LINK_TYPES, Decap, decap_for

__all__ = ["LINK_TYPES", "Capture", "Decap", "decap_for", "open_capture"]
