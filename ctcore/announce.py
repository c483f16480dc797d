"""What helpers have in common: private data, a packet's payload, flows announced and taken back, packets dropped."""

from __future__ import annotations

from typing import Final

from ctcore.common import EXT_HELPER
from ctcore.conn import Conn
from ctcore.expect import Expectation, ExpectError
from ctcore.extensions.helper import HelperData
from ctcore.netfilter import ACCEPT, DROP
from ctcore.packet import Packet
from ctcore.tuples import SUFFIX_LEN, U_LEN, Tuple

UDP_HEADER: Final = 8
NO_PORT: Final = bytes(2)


def help_data(ct: Conn) -> HelperData:
    """The helper of a flow that has one, with the flow's expectations and what the helper keeps for it."""
    data: HelperData = ct.ext[EXT_HELPER]  # type: ignore[index]
    return data


def tcp_payload(pkt: Packet, protoff: int) -> bytes:
    """The payload of a TCP segment whose header is at ``protoff``."""
    return pkt.buf[protoff + (pkt.buf[protoff + 12] >> 4) * 4 : pkt.end]


def udp_payload(pkt: Packet, protoff: int) -> bytes:
    """The payload of a UDP datagram whose header is at ``protoff``."""
    return pkt.buf[protoff + UDP_HEADER : pkt.end]


def expect(
    master: Conn,
    saddr: bytes | None,
    daddr: bytes,
    l4num: int,
    sport: int | None,
    dport: int,
    class_: int = 0,
) -> Expectation:
    """An expectation, not announced yet, of a flow of the master's address family.

    From the address ``saddr`` and the port ``sport``, each None for any, to ``daddr`` and ``dport``, which count as a
    whole. Addresses are packed, ports plain numbers; ``class_`` is a place in the helper's ``policies``. Raises
    ValueError for what none of these can be.
    """
    size = (len(master.original) - U_LEN - SUFFIX_LEN) // 2
    if saddr is not None:
        _check_address("saddr", saddr, size)
    _check_address("daddr", daddr, size)
    _check_number("l4num", l4num, 0xFF)
    if sport is not None:
        _check_number("sport", sport, 0xFFFF)
    _check_number("dport", dport, 0xFFFF)
    data = master.ext_find(EXT_HELPER)
    if data is not None:
        _check_number("class_", class_, len(data.helper.policies) - 1)
    tuple_ = Tuple(
        bytes(len(daddr)) if saddr is None else saddr,
        daddr,
        NO_PORT if sport is None else sport.to_bytes(2, "big"),
        dport.to_bytes(2, "big"),
        master.original[-2],
        l4num,
    )
    mask = bytes(len(daddr)) if saddr is None else b"\xff" * len(daddr)
    return Expectation(master, tuple_, mask, NO_PORT if sport is None else b"\xff\xff", class_)


def _check_address(name: str, address: object, size: int) -> None:
    if not isinstance(address, bytes) or len(address) != size:
        raise ValueError(f"{name} must be an address of {size} bytes, as the master's are, not {address!r}")


def _check_number(name: str, number: object, largest: int) -> None:
    if not isinstance(number, int) or not 0 <= number <= largest:
        raise ValueError(f"{name} must be a number from 0 to {largest}, not {number!r}")


def announce(pkt: Packet, exp: Expectation, skip_master: bool = False) -> int:
    """Announce a flow; returns the verdict on the packet: ACCEPT, or DROP where the flow cannot be expected.

    With ``skip_master`` an equal expectation of another master is found too.
    """
    try:
        pkt.net.expectations.insert(exp, pkt.now, skip_master)
    except ExpectError as error:
        pkt.note(f"the flow cannot be expected: {error}")
        return drop(pkt, exp.master, "cannot add expectation")
    return ACCEPT


def withdraw(exp: Expectation) -> bool:
    """Take an announced flow back.

    Returns false where it is expected no longer: it came, its time was over, or it made way for another one.
    """
    expectations = exp.master.net.expectations
    if exp not in expectations.of(exp.master):
        return False
    expectations.remove(exp)
    return True


def drop(pkt: Packet, ct: Conn, reason: str) -> int:
    """The verdict DROP, with the reason as the kernel logs it."""
    pkt.note(f"nf_ct_{help_data(ct).helper.name}: dropping packet: {reason}")
    return DROP
