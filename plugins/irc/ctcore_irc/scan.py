"""A client's message: is it ``PRIVMSG who :^ADCC SEND file address port``?

The address is a number of 32 bits in decimal, as this protocol has it. How much must be left of the message at each
step, and what is looked for no more than once, are the kernel's.
"""

from __future__ import annotations

from typing import Final

from ctcore.scan import decimal

MOST: Final = 4095  # bytes of a payload that are looked at
PRIVMSG: Final = b"PRIVMSG "
SHORTEST: Final = 10  # "PRIVMSG x "
SHORTEST_OFFER: Final = 26  # " :^ADCC SENT t AAAAAAAA P^A\n"
SHORTEST_END: Final = 12  # "AAAAAAAA P^A\n"
OFFERS: Final = (b"SEND ", b"CHAT ", b"MOVE ", b"TSEND ", b"SCHAT ")
SPACES: Final = b" \r\n"
SPACE: Final = 0x20
U16: Final = 0xFFFF


def scan(payload: bytes) -> tuple[bytes, int] | None:
    """The packed IPv4 address and the port of the payload's first offer, or None."""
    data = payload[:MOST]
    at, end = 0, len(data)
    while at < end - SHORTEST and data[at] in SPACES:
        at += 1
    if at < end - SHORTEST:
        if data[at : at + len(PRIVMSG)].upper() != PRIVMSG:
            return None
        at += len(PRIVMSG)
    while True:
        at = data.find(b" :", at)
        if not 0 <= at < end - SHORTEST_OFFER:
            return None
        at += 2
        if not data.startswith(b"\1DCC ", at):
            return None
        at += 5
        offer = next((word for word in OFFERS if data.startswith(word, at)), None)
        if offer is not None:
            return _offered(data, at + len(offer), end)


def _offered(data: bytes, at: int, end: int) -> tuple[bytes, int] | None:
    """The numbers after a file's name, which is one word, in a line that ends."""
    while data[at] != SPACE:
        at += 1
        if at > end - SHORTEST_END:
            return None
    at += 1
    if data.find(b"\n", at, end) < 0:
        return None
    address, at = decimal(data, at, end)
    while data[at : at + 1] == b" ":
        at += 1
    port, _ = decimal(data, at, end)
    return address.to_bytes(4, "big"), port & U16
