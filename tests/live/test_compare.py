"""The comparison itself: it finds every planted difference, and none in what is left out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ctcore.verify.compare import Comparison, compare

Record = dict[str, Any]


def packet() -> Record:
    """One packet's object, as both sides would print it."""
    entry: Record = {
        "l3": "ipv4",
        "l3num": 2,
        "l4": "tcp",
        "l4num": 6,
        "timeout": 120,
        "state": "SYN_SENT",
        "original": {
            "src": "192.0.2.1",
            "dst": "192.0.2.2",
            "sport": 1,
            "dport": 2,
            "packets": 1,
            "bytes": 40,
        },
        "reply": {"src": "192.0.2.2", "dst": "192.0.2.1", "sport": 2, "dport": 1, "packets": 0, "bytes": 0},
        "status": ["CONFIRMED"],
        "mark": 0,
        "zone": 0,
        "id": 1,
        "helper": None,
        "master": None,
        "tcp": {"wscale": [0, 0], "flags": [0, 0]},
    }
    return {
        "frame": 1,
        "time_ns": 5,
        "ctinfo": "new",
        "direction": "original",
        "verdict": "accept",
        "reasons": [],
        "entry": entry,
        "events": [{"type": "NEW", **copy.deepcopy(entry)}],
    }


def put(*path: Any, value: Any) -> Callable[[Record], None]:
    """A change of one value deep in a packet's object."""

    def change(record: Record) -> None:
        at: Any = record
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


DIFFERENCES = [
    ("frame", put("frame", value=2)),
    ("ctinfo", put("ctinfo", value="established")),
    ("direction", put("direction", value="reply")),
    ("verdict", put("verdict", value="drop")),
    ("reasons", put("reasons", value=["nf_ct_proto_6: bad checksum"])),
    ("entry", put("entry", value=None)),
    ("tuples", put("entry", "original", "sport", value=3)),
    ("tuples", put("entry", "reply", "src", value="192.0.2.3")),
    ("tuples", put("entry", "l4num", value=17)),
    ("state", put("entry", "state", value="ESTABLISHED")),
    ("status", put("entry", "status", value=["CONFIRMED", "ASSURED"])),
    ("timeout", put("entry", "timeout", value=118)),
    ("wscale", put("entry", "tcp", "wscale", value=[7, 0])),
    ("flags", put("entry", "tcp", value=None)),
    ("counters", put("entry", "original", "packets", value=2)),
    ("counters", put("entry", "reply", "bytes", value=1)),
    ("mark", put("entry", "mark", value=1)),
    ("zone", put("entry", "zone", value=1)),
    ("helper", put("entry", "helper", value="ftp")),
    ("master", put("entry", "master", value={"src": "192.0.2.1", "dst": "192.0.2.2"})),
    ("events", put("events", value=[])),
    ("events", put("events", 0, "type", value="UPDATE")),
    ("events", put("events", 0, "state", value=None)),
    ("events", put("events", 0, "status", value=[])),
    ("events", put("events", 0, "original", "dport", value=9)),
    ("events", put("events", 0, "original", "packets", value=9)),
    ("events", put("events", 0, "timeout", value=118)),
    ("events", put("events", 0, "tcp", "flags", value=[1, 0])),
]


@pytest.mark.parametrize(("field", "change"), DIFFERENCES)
def test_a_difference_is_found_and_named(field: str, change: Callable[[Record], None]) -> None:
    theirs, ours = packet(), packet()
    change(ours)
    result = compare([theirs], [ours])
    assert field in {difference.field for difference in result.differences}
    assert result.tally[field].compared == 1
    assert result.tally[field].agreed == 0


LEFT_OUT = [
    put("time_ns", value=6),
    put("entry", "id", value=2),
    put("entry", "l4", value="TCP"),
    put("entry", "timeout", value=121),
    put("entry", "status", value=["CONFIRMED", "DYING"]),
    put("reasons", value=["not a packet of the network layer"]),
    put("events", 0, "timeout", value=119),
]


@pytest.mark.parametrize("change", LEFT_OUT)
def test_what_is_left_out_does_not_count(change: Callable[[Record], None]) -> None:
    theirs, ours = packet(), packet()
    change(ours)
    assert compare([theirs], [ours]).differences == []
    assert compare([ours], [theirs]).differences == []


def test_what_the_kernel_does_not_tell_is_not_compared() -> None:
    theirs, ours = packet(), packet()
    event = theirs["events"][0]
    event["state"] = event["timeout"] = event["tcp"] = None
    for name in ("original", "reply"):
        del event[name]["packets"], event[name]["bytes"]
    assert compare([theirs], [ours]).differences == []
    assert [difference.field for difference in compare([ours], [theirs]).differences] == ["events"]


def test_a_packet_that_was_never_looked_at_has_no_entry() -> None:
    theirs, ours = packet(), packet()
    for side in (theirs, ours):
        side["ctinfo"] = "none"
    theirs["entry"] = None
    assert compare([theirs], [ours]).differences == []


def test_statistics() -> None:
    comparison = Comparison()
    comparison.add_statistics(
        {"invalid": 1, "drop": 2, "search_restart": 3}, {"invalid": 1, "drop": 0, "expect_new": 0}
    )
    assert [str(difference) for difference in comparison.differences] == [
        "packet 0: statistics drop: kernel 2, ctcore 0"
    ]
    assert comparison.tally["statistics invalid"].agreed == 1


def flow(sport: int, **fields: Any) -> Record:
    """A flow of its own by its source port."""
    entry: Record = packet()["entry"]
    entry["original"]["sport"] = entry["reply"]["dport"] = sport
    return {**entry, **fields}


def test_tables_have_no_order() -> None:
    comparison = Comparison()
    comparison.add_table([flow(1), flow(2, timeout=119)], [flow(2), flow(1, id=7)])
    assert comparison.differences == []


def test_a_flow_that_only_one_table_has() -> None:
    comparison = Comparison()
    comparison.add_table([flow(1), flow(2)], [flow(1)])
    assert [difference.field for difference in comparison.differences] == ["table"]


def test_a_flow_that_differs_between_the_tables() -> None:
    comparison = Comparison()
    comparison.add_table([flow(1)], [flow(1, state="CLOSE", timeout=10)])
    assert [difference.field for difference in comparison.differences] == ["table state", "table timeout"]


def test_the_order_of_events_counts() -> None:
    theirs, ours = packet(), packet()
    theirs["events"].append({**theirs["events"][0], "type": "DESTROY"})
    ours["events"].insert(0, {**ours["events"][0], "type": "DESTROY"})
    assert [difference.field for difference in compare([theirs], [ours]).differences] == ["events"]


@pytest.mark.parametrize(("kernel", "ctcore"), [(1, 0), (0, 1)])
def test_a_stream_that_ends_early_differs(kernel: int, ctcore: int) -> None:
    result = compare([packet()] * kernel, [packet()] * ctcore)
    assert [str(difference) for difference in result.differences] == [
        f"packet 1: packet: kernel {bool(kernel)}, ctcore {bool(ctcore)}"
    ]


def test_equal_streams_agree_in_every_field() -> None:
    result = compare([packet(), packet()], [packet(), packet()])
    assert result.packets == 2
    assert result.differences == []
    assert {(tally.compared, tally.agreed) for tally in result.tally.values()} == {(2, 2)}
