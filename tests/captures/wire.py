"""A cable in user space between two hosts.

It carries frames between two TAP (or TUN) devices, and may lose, copy, delay, reorder or rewrite them on the
way, the same way in every run. The kernel finishes checksums and segments before such a device hands a frame
out, so what goes over it is what would go over a real cable.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

# (side the frame came from, 0 or 1; frame) -> what leaves the other end: (seconds of delay, frame) a copy
Handling = Callable[[int, bytes], Iterable[tuple[float, bytes]]]
TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0001, 0x0002, 0x1000
MAC_LENGTH, IP_AT = 12, 14
FRAGMENT_HEADER = 44


def _device(name: str, ethernet: bool) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    flags = (IFF_TAP if ethernet else IFF_TUN) | IFF_NO_PI
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return fd


class Wire(threading.Thread):
    """Two devices, one made in each host, and the thread that carries frames between them until `close`."""

    def __init__(
        self,
        inside_a: Callable[[], AbstractContextManager[None]],
        a: str,
        inside_b: Callable[[], AbstractContextManager[None]],
        b: str,
        ethernet: bool = True,
        handling: Handling | None = None,
    ) -> None:
        super().__init__(name=f"{a}-{b}", daemon=True)
        with inside_a():
            first = _device(a, ethernet)
        with inside_b():
            second = _device(b, ethernet)
        self._ends = (first, second)
        self._handling = handling or straight
        self._woken, self._wake = os.pipe()
        self._late: list[tuple[float, int, int, bytes]] = []
        self._order = 0

    def run(self) -> None:
        """Carry frames; the ones that are late wait in a heap for their time."""
        while True:
            wait = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            ready = select.select([*self._ends, self._woken], [], [], wait)[0]
            if self._woken in ready:
                return
            for side, end in enumerate(self._ends):
                if end in ready:
                    self._take(side, end)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, end, frame = heapq.heappop(self._late)
                self._put(end, frame)

    def _take(self, side: int, end: int) -> None:
        try:
            frame = os.read(end, 65536)
        except OSError:  # the device is not up yet
            return
        now = time.monotonic()
        for delay, copy in self._handling(side, frame):
            self._order += 1
            heapq.heappush(self._late, (now + delay, self._order, self._ends[1 - side], copy))

    @staticmethod
    def _put(end: int, frame: bytes) -> None:
        with contextlib.suppress(OSError):  # the device is not up yet: the far end is unplugged
            os.write(end, frame)

    def close(self) -> None:
        """Stop carrying and remove both devices."""
        os.write(self._wake, b"x")
        self.join()
        for fd in (*self._ends, self._woken, self._wake):
            os.close(fd)


def straight(side: int, frame: bytes) -> Iterable[tuple[float, bytes]]:
    """Every frame arrives, at once."""
    return ((0.0, frame),)


def delayed(seconds: float) -> Handling:
    """Every frame arrives, this much later."""
    return lambda side, frame: ((seconds, frame),)


def lossy(seed: int, loss: float, late: float, twice: float) -> Handling:
    """IPv4 frames are lost, come late (after frames sent later) or come twice, with these probabilities."""
    dice = random.Random(seed)

    def handling(side: int, frame: bytes) -> Iterable[tuple[float, bytes]]:
        throw = dice.random()
        if frame[MAC_LENGTH:IP_AT] != b"\x08\x00" or throw >= loss + late + twice:
            return ((0.002, frame),)
        if throw < loss:
            return ()
        return ((0.012, frame),) if throw < loss + late else ((0.002, frame), (0.004, frame))

    return handling


def tagged(vlan: int) -> Handling:
    """Side 0 is a plain port, side 1 a trunk: frames get a VLAN tag one way and lose it the other way."""
    tag = struct.pack("!HH", 0x8100, vlan)

    def handling(side: int, frame: bytes) -> Iterable[tuple[float, bytes]]:
        at = MAC_LENGTH
        if side == 0:
            return ((0.0, frame[:at] + tag + frame[at:]),)
        return ((0.0, frame[:at] + frame[at + 4 :]),) if frame[at : at + 4] == tag else ()

    return handling


def fragment_of(frame: bytes) -> tuple[bool, int]:
    """(whether more fragments follow, the offset) of an IP packet; of one without a fragment header false and 0."""
    kind = frame[MAC_LENGTH:IP_AT]
    if kind == b"\x08\x00":
        (word,) = struct.unpack_from("!H", frame, IP_AT + 6)
        return bool(word & 0x2000), word & 0x1FFF
    if kind == b"\x86\xdd" and frame[IP_AT + 6] == FRAGMENT_HEADER:
        (word,) = struct.unpack_from("!H", frame, IP_AT + 42)
        return bool(word & 1), word >> 3
    return False, 0


def shuffled_fragments(lost: int) -> Handling:
    """From side 1, first fragments come last, last ones twice, and the `lost`th in between never."""
    middle = 0

    def handling(side: int, frame: bytes) -> Iterable[tuple[float, bytes]]:
        nonlocal middle
        more, offset = fragment_of(frame)
        if side == 0 or not (more or offset):
            return ((0.0, frame),)
        if not offset:
            return ((0.02, frame),)
        if not more:
            return ((0.0, frame), (0.01, frame))
        middle += 1
        return () if middle == lost else ((0.005, frame),)

    return handling
