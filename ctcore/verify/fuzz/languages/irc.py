"""IRC: clients that offer each other connections of their own (DCC)."""

from __future__ import annotations

import socket
from random import Random
from typing import Final

from ctcore.testing.packets import TCP
from ctcore.verify.fuzz.languages import Ends, Language, address, mostly, number

_COMMANDS: Final = (b"SEND ", b"SEND ", b"CHAT ", b"MOVE ", b"TSEND ", b"SCHAT ", b"send ", b"XDCC ", b"ACCEPT ")
_CHATTER: Final = (b"NICK a\r\n", b"PING :x\r\n", b"PRIVMSG #c :hello world, how are you\r\n", b"\r\n\r\n", b" ")


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    if rng.random() < 0.2:
        return rng.randrange(2), rng.choice(_CHATTER)
    lines = [_offer(rng, ends) for _ in range(rng.choice((1, 1, 1, 2)))]
    begin = mostly(rng, b"", b"\r\n", b" \n ", b"PING :x\r\n")
    return int(rng.random() < 0.15), begin + b"".join(lines)


def _offer(rng: Random, ends: Ends) -> bytes:
    value = int.from_bytes(socket.inet_aton(address(rng, ends)), "big")
    where = str(value).encode() if rng.random() < 0.85 else number(rng)
    if rng.random() < 0.1:
        where = str(value + 2**32 * rng.randrange(1, 4)).encode()
    head = mostly(rng, b"PRIVMSG bob :", b"privmsg bob :", b"PRIVMSG :", b"NOTICE bob :", b"")
    mark = mostly(rng, b"\1", b"", b"\2", b" :\1")
    name = mostly(rng, b"file", b"a", b"a very long name.bin", b"", b'"two words"')
    rest, gap = mostly(rng, b" 1000", b"", b" "), mostly(rng, b" ", b"  ", b"")
    verb = mostly(rng, b"DCC ", b"dcc ", b"DCC") + rng.choice(_COMMANDS)
    end = mostly(rng, b"\r\n", b"\n", b"")
    return b"".join((head, mark, verb, name, b" ", where, gap, number(rng), rest, mark, end))


LANGUAGE: Final = Language("irc", TCP, 6667, TCP, _say, ipv6=False)
