"""``-o save``: a flow as the options with which ``conntrack`` would make it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ctcore.common import EventKind, Status
from ctcore.conn import Conn
from ctcore.formats import message
from ctcore.formats.message import ZONE_DIR_BOTH
from ctcore.formats.output import PLAIN, Output
from ctcore.tuples import address_part, transport_part
from ctcore.zones import ZONE_DIR_ORIG, ZONE_DIR_REPL

COMMANDS: Final = {None: "-A", EventKind.NEW: "-A", EventKind.UPDATE: "-U", EventKind.DESTROY: "-D"}
ZONE_OPTIONS: Final = {ZONE_DIR_BOTH: "-w", ZONE_DIR_ORIG: "--orig-zone", ZONE_DIR_REPL: "--reply-zone"}
SAVED_STATUS: Final = (Status.EXPECTED, Status.SEEN_REPLY, Status.ASSURED, Status.FIXED_TIMEOUT)


def flow_line(ct: Conn, now: int, output: Output = PLAIN) -> str:
    """A flow as ``conntrack -L -o save`` prints it at the time ``now`` (nanoseconds), without the newline."""
    return " ".join(_options(message.dump(ct, now)))


def event_line(kind: EventKind, ct: Conn, mask: int, now: int, output: Output = PLAIN) -> str:
    """An event as ``conntrack -E -o save`` prints it, without the newline.

    ``mask`` has a bit for each ``Event``.
    """
    return " ".join(_options(message.event(kind, ct, mask, now)))


def _options(msg: message.Message) -> Iterator[str]:
    ct = msg.ct
    yield COMMANDS[msg.kind]
    if msg.timeout is not None:
        yield f"-t {msg.timeout}"
    yield f"-u {','.join(str(bit.name) for bit in SAVED_STATUS if ct.status & bit) or 'UNSET'}"
    yield from _zone(ct)
    yield from _addresses(ct)
    yield from _protocol(msg)


def _zone(ct: Conn) -> Iterator[str]:
    zone = ct.zone
    if zone.id:
        yield f"{ZONE_OPTIONS[zone.dir]} {zone.id}"


def _addresses(ct: Conn) -> Iterator[str]:
    """The original addresses, then the reply's: with other options where address translation changed them."""
    src, dst = (value for _, value in ct.l3.print_tuple(address_part(ct.original), False))
    reply_src, reply_dst = (value for _, value in ct.l3.print_tuple(address_part(ct.reply), False))
    dnat = ct.status & Status.DST_NAT_DONE and reply_src != dst
    snat = ct.status & Status.SRC_NAT_DONE and reply_dst != src
    yield f"-s {src} -d {dst}"
    yield f"{'-g' if dnat else '-r'} {reply_src}"
    yield f"{'-n' if snat else '-q'} {reply_dst}"


def _protocol(msg: message.Message) -> Iterator[str]:
    ct = msg.ct
    if ct.l4.print_save is None:
        yield f"-p {ct.original[-1]}"
        return
    yield f"-p {ct.l4.name}"
    for option, value in ct.l4.print_save(transport_part(ct.original), transport_part(ct.reply)):
        yield f"{option} {value}"
    if msg.state is not None:
        yield f"--state {msg.state}"
    if msg.private:
        for option, value in ct.l4.print_save_private(ct):
            yield f"{option} {value}"
