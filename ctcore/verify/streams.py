"""The two sides of a comparison as streams of ``trace -o json`` objects, one a frame of a capture."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from ctcore.errors import CtcoreError
from ctcore.sources import open_capture
from ctcore.verify.kernel import ETH_P_IP, ETH_P_IPV6, Kernel

Sysctls = Mapping[str, int | str]

ACCOUNTING: Final = {"nf_conntrack_acct": 1}
"""Set on both sides unless the caller says otherwise, so that counters can be compared."""


BOTH: Final = (ETH_P_IP, ETH_P_IPV6)


def kernel(capture: str, sysctls: Sysctls, ethertypes: Collection[int] = BOTH) -> Iterator[dict[str, Any]]:
    """Replay a capture through the running kernel at full speed: its answer to each frame.

    Frames of other ``ethertypes`` are left out of the replay, but not out of the stream. Raises CaptureError
    for the capture and CtcoreError where the kernel cannot be asked.
    """
    with open_capture(capture) as source, Kernel({**ACCOUNTING, **sysctls}) as judge:
        for _, ethertype, packet in source.packets():
            yield judge.replay(packet, ethertype) if ethertype in ethertypes else judge.unseen()


def trace(capture: str, sysctls: Sysctls) -> Iterator[dict[str, Any]]:
    """Run ``ctcore trace`` with a clock that stands still, as for a kernel that is fed at full speed: its
    objects.

    Raises CtcoreError where the command fails, after all that it printed.
    """
    settings = [f"--set={name}={value}" for name, value in {**ACCOUNTING, **sysctls}.items()]
    command = [sys.executable, "-m", "ctcore", "trace", "--clock", "frozen", "-o", "json", *settings, capture]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as messages:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages) as tracer:
            assert tracer.stdout is not None
            yield from map(json.loads, tracer.stdout)
        if tracer.returncode:
            messages.seek(0)
            raise CtcoreError(f"ctcore trace failed on {capture}: {messages.read().strip()}")
