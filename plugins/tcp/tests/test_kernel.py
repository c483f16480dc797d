"""What the kernel made of the segments in kernel.txt, ctcore must make of them too."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ctcore import Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import tcp_options

TABLE = Path(__file__).with_name("kernel.txt")
SENT = re.compile(r"([<>]) (\S+) +(-?\d+):(-?\d+)((?: \w+=\w+)*)")
PACKETS = 200


@dataclass
class Block:
    title: str
    sysctls: dict[str, int] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)


def blocks() -> list[Block]:
    found: list[Block] = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("= "):
            found.append(Block(line[2:]))
        elif line.startswith("set "):
            name, _, value = line[4:].partition("=")
            found[-1].sysctls[name] = int(value)
        elif line and not line.startswith("#"):
            found[-1].rows.append(line)
    return found


BLOCKS = blocks()


def send(talk: Conversation, row: str) -> Result:
    match = SENT.fullmatch(row.strip())
    assert match, row
    who, flags, seq, ack, rest = match.groups()
    extra = dict(part.split("=") for part in rest.split())
    fields: dict[str, Any] = {
        "window": int(extra.get("win", 65535)),
        "options": tcp_options(bytes.fromhex(extra.get("opt", ""))),
        "data": b"x" * int(extra.get("len", 0)),
    }
    party = talk.client if who == ">" else talk.server
    return party.tcp(flags.strip("-"), int(seq), int(ack), **fields)


def seen(talk: Conversation, result: Result) -> list[str]:
    """The right side of a row, in words."""
    words = [result.state, *([result.direction] if result.direction else [])]
    if result.entry is None:
        return [*words, "-"]
    flow, status = talk.flow, talk.status
    words += [flow["state"], f"{talk.timeout:g}", "{}/{}".format(*talk.packets)]
    words += [] if "SEEN_REPLY" in status else ["unreplied"]
    words += ["assured"] if "ASSURED" in status else []
    return words


def netlink(talk: Conversation) -> list[str]:
    tcp = talk.flow["tcp"]
    return [
        "wscale={}/{}".format(*tcp["wscale"]),
        "flags={:02x}/{:02x}".format(*tcp["flags"]),
        f"status={talk.entry.status:#x}",
    ]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.title)
def test_kernel(block: Block, converse: Converse) -> None:
    talk = converse(**block.sysctls)
    for row in block.rows:
        left, _, right = row.partition("|")
        expected = right.split()
        result = send(talk, left)
        found = seen(talk, result)
        if any("=" in word for word in expected):
            found += netlink(talk)
        assert found == expected, row
        assert bool(result.reasons) or result.state != "invalid", row


def test_the_table_is_read_whole() -> None:
    assert len(BLOCKS) == len({block.title for block in BLOCKS}) == 35
    assert sum(len(block.rows) for block in BLOCKS) == PACKETS
