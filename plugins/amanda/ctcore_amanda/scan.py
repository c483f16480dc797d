"""An answer's line ``CONNECT DATA 1234 MESG 1235 INDEX 1236``: the ports of the streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ctcore.scan import decimal

CONNECT: Final = b"CONNECT "
STREAMS: Final = (b"DATA ", b"MESG ", b"INDEX ", b"STATE ")  # in the order in which they are looked for
DIGITS: Final = 5  # of a port; more are not looked at


def ports(payload: bytes) -> Iterator[int]:
    """The port of each stream that the line names, until one has none or 0; the kernel keeps 16 bits of a number."""
    start = payload.find(CONNECT)
    if start < 0:
        return
    start += len(CONNECT)
    stop = payload.find(b"\n", start)
    if stop < 0:
        return
    for stream in STREAMS:
        at = payload.find(stream, start, stop)
        if at < 0:
            continue
        at += len(stream)
        port, _ = decimal(payload, at, min(stop, at + DIGITS), bits=16)
        if not port:
            return
        yield port
