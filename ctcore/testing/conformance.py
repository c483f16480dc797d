"""What every protocol must stand, whatever the bytes: checks for a plugin's tests to feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from ctcore.api import Conntrack
from ctcore.common import CtInfo
from ctcore.formats.objects import flow_object
from ctcore.netfilter import Verdict
from ctcore.registry import Registry
from ctcore.testing.conversation import SECOND, START
from ctcore.testing.packets import payload_of, shortened

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_IPV6: Final = 0x86DD
STATES: Final = frozenset({"new", "established", "related", "invalid", "untracked", "none"})


class Witness:
    """A new conntrack that is fed packets, a second apart, and tells all that can be seen of each.

    ``ethertype`` is that of every packet; ``helpers`` are given to flows as ``--helper`` says, and ``interfaces`` are
    the host's addresses with their networks. Raises what a plugin raises, where the registry is strict.
    """

    def __init__(
        self,
        registry: Registry,
        ethertype: int = ETHERTYPE_IPV4,
        helpers: Iterable[str] = (),
        interfaces: Iterable[str] = (),
    ) -> None:
        self.conntrack = Conntrack(registry, {"nf_conntrack_acct": 1}, helpers=helpers, interfaces=interfaces)
        self.ethertype = ethertype
        self.now = START

    def see(self, packet: bytes, before: bytes = b"", after: bytes = b"", cut: bool = False) -> dict[str, Any]:
        """Feed a packet that lies in a buffer between ``before`` and ``after``.

        With ``cut``, bytes that are missing by its own header were left out by a capture.
        """
        net, pkt = self.conntrack.net, self.conntrack.packet
        pkt.buf = before + packet + after
        pkt.nhoff = len(before)
        pkt.avail = len(before) + len(packet)
        pkt.cut = cut
        now, self.now = self.now, self.now + SECOND
        seen = self.conntrack.result(net.receive(pkt, self.ethertype, now))
        return {
            "verdict": seen.verdict,
            "state": seen.state,
            "ctinfo": seen.ctinfo,
            "direction": seen.direction,
            "reasons": seen.reasons,
            "entry": None if seen.entry is None else flow_object(seen.entry, now),
            "counters": dict(net.stat.items()),
        }


def accounts(
    registry: Registry,
    packets: Iterable[bytes],
    before: bytes = b"",
    after: bytes = b"",
    cut: bool = False,
    **how: Any,
) -> list[dict[str, Any]]:
    """What a new ``Witness(registry, **how)`` sees of packets."""
    witness = Witness(registry, **how)
    return [witness.see(packet, before, after, cut) for packet in packets]


def check_any_bytes(registry: Registry, packets: Iterable[bytes], cut: bool = False, **how: Any) -> None:
    """Whatever the bytes, each packet has a verdict and a relation that exist, and the two agree."""
    for seen in accounts(registry, packets, cut=cut, **how):
        assert seen["verdict"] in set(Verdict), seen
        assert seen["state"] in STATES, seen
        related = seen["state"] in ("new", "established", "related")
        assert (seen["ctinfo"] in set(CtInfo)) == (related or seen["state"] == "untracked"), seen
        assert (seen["direction"] is not None) == related, seen
        if seen["state"] in ("invalid", "none"):
            assert seen["reasons"], f"no reason is given: {seen}"


def check_surroundings(
    registry: Registry,
    packets: Iterable[bytes],
    before: bytes,
    after: bytes,
    cut: bool = False,
    **how: Any,
) -> None:
    """What lies around a packet in its buffer makes no difference: nothing is read beyond its ends."""
    packets = list(packets)
    alone = accounts(registry, packets, cut=cut, **how)
    within = accounts(registry, packets, before, after, cut, **how)
    assert within == alone


def check_inverse(invert: Callable[[bytes], bytes | None], part: bytes) -> None:
    """Inverting twice gives the part back, wherever it can be inverted at all."""
    back = invert(part)
    if back is not None:
        assert invert(back) == part
        assert len(back) == len(part)


def every_cut(packet: bytes) -> Iterator[bytes]:
    """A packet shortened to each size that leaves its network header whole, honest about its length."""
    for size in range(len(packet) - len(payload_of(packet)), len(packet)):
        yield shortened(packet, size)


def check_cuts(registry: Registry, packet: bytes) -> None:
    """A good packet is INVALID when shortened and dropped when bytes are missing, with a reason."""
    ethertype = ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ETHERTYPE_IPV4
    for short, seen in _each(registry, every_cut(packet), ethertype):
        assert seen["state"] == "invalid", (len(short), seen)
        assert seen["reasons"], f"no reason is given for {len(short)} bytes"
        assert seen["entry"] is None, (len(short), seen)
    for part, seen in _each(registry, (packet[:size] for size in range(len(packet))), ethertype):
        assert seen["verdict"] == Verdict.DROP, (len(part), seen)
        assert seen["state"] == "none", (len(part), seen)
        assert seen["reasons"], f"no reason is given for {len(part)} bytes"


def _each(registry: Registry, packets: Iterable[bytes], ethertype: int) -> Iterator[tuple[bytes, dict[str, Any]]]:
    packets = list(packets)
    return zip(packets, accounts(registry, packets, ethertype=ethertype), strict=True)
