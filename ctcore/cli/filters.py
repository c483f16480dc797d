"""Filters on flows, spelled as conntrack's; a flow has to pass all that are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

import click

from ctcore.cli.options import decorate, option
from ctcore.common import ORIGINAL, REPLY, Status
from ctcore.conn import Conn
from ctcore.netns import Net
from ctcore.tuples import address_part, transport_part
from ctcore.zones import ZONE_DIR_ORIG, ZONE_DIR_REPL

SECTION: Final = "Filters, as conntrack's (a flow has to pass all of them)"
BOTH_DIRECTIONS: Final = ZONE_DIR_ORIG | ZONE_DIR_REPL
SAVED: Final = int(Status.EXPECTED | Status.SEEN_REPLY | Status.ASSURED | Status.FIXED_TIMEOUT)

# Each name asks for the bits (mask, value); UNSET is what -o save prints where it has no bit to print.
STATUSES: Final = {
    **{str(bit.name): (int(bit), int(bit)) for bit in Status},
    "UNREPLIED": (int(Status.SEEN_REPLY), 0),
    "UNSET": (SAVED, 0),
}

# option name -> (direction, name of the field in the protocol's print_tuple)
FIELDS: Final = {
    "sport": (ORIGINAL, "sport"),
    "dport": (ORIGINAL, "dport"),
    "reply_sport": (REPLY, "sport"),
    "reply_dport": (REPLY, "dport"),
    "icmp_type": (ORIGINAL, "type"),
    "icmp_code": (ORIGINAL, "code"),
    "icmp_id": (ORIGINAL, "id"),
}
# option name -> (direction, whether it is the destination)
ADDRESSES: Final = {
    "src": (ORIGINAL, False),
    "dst": (ORIGINAL, True),
    "reply_src": (REPLY, False),
    "reply_dst": (REPLY, True),
}

Test = Callable[[Conn], bool]


class Filter:
    """The filters of a command line; ``bind`` them to a namespace, whose plugins know names and addresses."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}

    def bind(self, net: Net) -> Test | None:
        """The test that a flow has to pass, or None where every flow does.

        Raises click.BadParameter for a name or an address that no loaded plugin knows.
        """
        tests = tuple(self._tests(net))
        if not tests:
            return None
        return tests[0] if len(tests) == 1 else lambda ct: all(test(ct) for test in tests)

    def _tests(self, net: Net) -> Iterator[Test]:
        for name, value in self._given.items():
            if name == "protocol":
                yield _protocol(net, value)
            elif name == "family":
                yield _family(net, value)
            elif name in ADDRESSES:
                yield _address(net, name, value)
            elif name in FIELDS:
                yield _field(*FIELDS[name], value)
            else:
                yield _OTHERS[name](value)


def _protocol(net: Net, text: str) -> Test:
    named = {slot.name: slot.plugin.l4num for slot in net.l4protos if slot is not net.generic}
    number = named.get(text.lower(), int(text) if text.isdecimal() else -1)
    if not 0 <= number <= 255:
        names = ", ".join(["a number up to 255", *named])
        raise _bad("-p", f"{text!r} is none of {names}")
    return lambda ct: ct.original[-1] == number


def _family(net: Net, text: str) -> Test:
    known = [l3.name for l3 in net.l3protos.values()]
    if text.lower() not in known:
        raise _bad("-f", f"{text!r} is none of {', '.join(known)}, for which a plugin is loaded")
    return lambda ct: ct.l3.name == text.lower()


def _address(net: Net, name: str, text: str) -> Test:
    direction, second = ADDRESSES[name]
    for l3 in net.l3protos.values():
        network = l3.parse_network(text)
        if network is not None:
            break
    else:
        raise _bad(f"--{name.replace('_', '-')}", f"{text!r} is no address that a loaded plugin knows")
    size = len(network[0])
    mask = int.from_bytes(network[1], "big")
    wanted = int.from_bytes(network[0], "big") & mask

    def test(ct: Conn) -> bool:
        addresses = address_part(ct.reply if direction else ct.original)
        address = addresses[size:] if second else addresses[:size]
        return len(addresses) == 2 * size and int.from_bytes(address, "big") & mask == wanted

    return test


def _field(direction: int, field: str, value: int) -> Test:
    def test(ct: Conn) -> bool:
        part = transport_part(ct.reply if direction else ct.original)
        return dict(ct.l4.print_tuple(part)).get(field) == value

    return test


def _state(text: str) -> Test:
    wanted = text.upper()
    return lambda ct: ct.proto is not None and ct.l4.protoinfo(ct).get("state") == wanted


def _status(bits: tuple[int, int]) -> Test:
    mask, value = bits
    return lambda ct: ct.status & mask == value


def _mark(value: tuple[int, int]) -> Test:
    mark, mask = value
    return lambda ct: ct.mark & mask == mark


def _zone(number: int) -> Test:
    return lambda ct: ct.zone.id == number and ct.zone.dir == BOTH_DIRECTIONS


_OTHERS: Final[dict[str, Callable[[Any], Test]]] = {
    "state": _state,
    "status": _status,
    "mark": _mark,
    "zone": _zone,
}


def _bad(name: str, text: str) -> click.BadParameter:
    return click.BadParameter(text, click.get_current_context(silent=True), param_hint=name)


def status_bits(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Names of status bits, joined by commas, as (mask, value); a wrong command line where one is unknown."""
    mask = wanted = 0
    for name in value.upper().split(",") if value else ():
        if name not in STATUSES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(STATUSES)}", ctx, param)
        mask |= STATUSES[name][0]
        wanted |= STATUSES[name][1]
    return (mask, wanted) if value else None


def mark_and_mask(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """``MARK[/MASK]``, each decimal or 0x..., as (mark, mask); a wrong command line where it is none."""
    if value is None:
        return None
    mark, _, mask = value.partition("/")
    try:
        numbers = int(mark, 0), int(mask or "0xffffffff", 0)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no MARK[/MASK]", ctx, param) from None
    if not all(0 <= number < 1 << 32 for number in numbers):
        raise click.BadParameter(f"{value!r} is more than 32 bits", ctx, param)
    return numbers


def number_up_to(maximum: int) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """The reader of a number; a wrong command line where it is none from 0 to ``maximum``."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
        if value is None:
            return None
        if not value.isdecimal() or int(value) > maximum:
            raise click.BadParameter(f"{value!r} is no number from 0 to {maximum}", ctx, param)
        return int(value)

    return read


def refuse_filters(expect: bool, test: Test | None) -> None:
    """Raises click.UsageError for filters on expectations: conntrack has none either."""
    if expect and test is not None:
        raise click.UsageError("filters look at flows, and expectations have not become any yet")


def filtering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command's function the filters, as the keyword argument ``filters``, a ``Filter``."""

    @wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in _NAMES}
        return function(*args, filters=Filter(own), **given)

    return decorate(call, _OPTIONS)


def _filter(*names: str, metavar: str, text: str, read: Any = None) -> Callable[..., Any]:
    return option(*names, metavar=metavar, callback=read, help=text, section=SECTION)


def _address_filter(*names: str, text: str) -> Callable[..., Any]:
    return _filter(*names, metavar="ADDRESS[/LEN]", text=text)


def _port_filter(*names: str, text: str) -> Callable[..., Any]:
    return _filter(*names, metavar="PORT", read=number_up_to(65535), text=text)


def _number_filter(*names: str, maximum: int, text: str) -> Callable[..., Any]:
    return _filter(*names, metavar="NUMBER", read=number_up_to(maximum), text=text)


_OPTIONS: Final = (
    _filter(
        *("-p", "--proto", "--protonum", "protocol"),
        metavar="NAME|NUMBER",
        text="Transport protocol, e.g. tcp.",
    ),
    _filter("-f", "--family", metavar="NAME", text="Network layer protocol, e.g. ipv4."),
    _address_filter("-s", "--src", "--orig-src", "src", text="Source, original direction."),
    _address_filter("-d", "--dst", "--orig-dst", "dst", text="Destination, original direction."),
    _address_filter("-r", "--reply-src", text="Source, reply direction."),
    _address_filter("-q", "--reply-dst", text="Destination, reply direction."),
    _port_filter("--sport", "--orig-port-src", "sport", text="Source port, original direction."),
    _port_filter("--dport", "--orig-port-dst", "dport", text="Destination port, original direction."),
    _port_filter("--reply-port-src", "reply_sport", text="Source port, reply direction."),
    _port_filter("--reply-port-dst", "reply_dport", text="Destination port, reply direction."),
    _number_filter("--icmp-type", maximum=255, text="ICMP type, original direction."),
    _number_filter("--icmp-code", maximum=255, text="ICMP code, original direction."),
    _number_filter("--icmp-id", maximum=65535, text="ICMP id, original direction."),
    _filter("--state", metavar="STATE", text="State of the protocol, e.g. ESTABLISHED."),
    _filter(
        *("-u", "--status"),
        metavar="NAME[,NAME...]",
        read=status_bits,
        text="All of these status bits, e.g. ASSURED. UNREPLIED: no reply seen. UNSET: as -o save has it.",
    ),
    _filter("-m", "--mark", metavar="MARK[/MASK]", read=mark_and_mask, text="The flow's mark, under the mask."),
    _number_filter("-w", "--zone", maximum=65535, text="The flow's zone."),
)

_NAMES: Final = ("protocol", "family", *ADDRESSES, *FIELDS, "state", "status", "mark", "zone")
