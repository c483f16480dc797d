"""Headers: the fast reader and construct read the same out of any declaration."""

from __future__ import annotations

from typing import Any

import construct
import pytest
from construct import (
    Array,
    BitStruct,
    Bytes,
    Computed,
    Flag,
    GreedyBytes,
    Int8ub,
    Int16sb,
    Int16ub,
    Int16ul,
    Int24ub,
    Int32sb,
    Int32ub,
    Int64ub,
    Struct,
    this,
)
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Header, Registry

TYPES = {
    "u8": (Int8ub, st.integers(0, 2**8 - 1)),
    "u16": (Int16ub, st.integers(0, 2**16 - 1)),
    "u32": (Int32ub, st.integers(0, 2**32 - 1)),
    "u64": (Int64ub, st.integers(0, 2**64 - 1)),
    "s16": (Int16sb, st.integers(-(2**15), 2**15 - 1)),
    "s32": (Int32sb, st.integers(-(2**31), 2**31 - 1)),
    "b3": (Bytes(3), st.binary(min_size=3, max_size=3)),
    "b16": (Bytes(16), st.binary(min_size=16, max_size=16)),
}
EXAMPLE = Struct(
    "version_ihl" / Int8ub,
    "version" / Computed(this.version_ihl >> 4),
    "length" / Int16ub,
    "address" / Bytes(4),
)


@st.composite
def declared(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    """A declaration, and a value for each of its fields."""
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=10))
    parts, values = [], {}
    for number, kind in enumerate(kinds):
        subcon, strategy = TYPES[kind]
        values[f"f{number}"] = draw(strategy)
        parts.append(f"f{number}" / subcon)
        if draw(st.booleans()):
            parts.append(f"c{number}" / Computed(lambda ctx: 1))
    return Struct(*parts), values


@given(declared(), st.binary(max_size=20), st.binary(max_size=20), st.data())
def test_the_reader_equals_construct(
    made: tuple[Any, dict[str, Any]], before: bytes, after: bytes, data: st.DataObject
) -> None:
    declaration, values = made
    header = Header(declaration)
    packet = header.build(**values)
    assert header.size == len(packet)
    assert header.fields == tuple(values)
    buffer = before + packet + after
    assert header.reader()(buffer, len(before)) == tuple(values.values())
    parsed = header.parse(packet)
    assert {name: parsed[name] for name in values} == values
    some = data.draw(st.lists(st.sampled_from(list(values)), unique=True, min_size=1))
    expected = tuple(values[name] for name in values if name in some)
    assert header.reader(*some)(buffer, len(before)) == expected, "in the order of the header"


@given(st.binary(min_size=7, max_size=30))
def test_any_bytes_that_are_enough_can_be_read(data: bytes) -> None:
    header = Header(EXAMPLE)
    parsed = header.parse(data)
    assert header.reader()(data, 0) == (parsed.version_ihl, parsed.length, parsed.address)
    assert parsed.version == data[0] >> 4


def test_size_and_fields() -> None:
    header = Header(EXAMPLE)
    assert (header.size, header.fields) == (7, ("version_ihl", "length", "address"))
    assert header.declaration is EXAMPLE


def test_a_reader_reads_in_the_middle_of_a_buffer() -> None:
    read = Header(EXAMPLE).reader("length")
    assert read(bytes(100) + b"\x45\x01\x02abcd", 100) == (0x102,)


@pytest.mark.parametrize(
    "declaration",
    [
        Struct("little" / Int16ul),
        Struct("odd" / Int24ub),
        Struct("rest" / GreedyBytes),
        Struct("list" / Array(2, Int8ub)),
        Struct("flag" / Flag),
        BitStruct("a" / construct.BitsInteger(4), "b" / construct.BitsInteger(4)),
        Struct("size" / Int8ub, "data" / Bytes(this.size)),
        Struct(Int8ub),
    ],
    ids=["little endian", "24 bits", "greedy", "array", "flag", "bits", "variable", "without a name"],
)
def test_what_has_no_fixed_layout_has_no_place(declaration: Any) -> None:
    with pytest.raises(TypeError):
        Header(declaration)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(TypeError, match="the header has no field sport"):
        Header(EXAMPLE).reader("length", "sport")


def test_too_little_and_too_much_are_refused() -> None:
    with pytest.raises(construct.ConstructError):
        Header(EXAMPLE).parse(b"\x45")
    with pytest.raises(KeyError):
        Header(EXAMPLE).build(length=1)
    with pytest.raises(construct.ConstructError):
        Header(EXAMPLE).build(version_ihl=256, length=1, address=bytes(4))


INSTALLED = {
    f"{module}.{name}": value
    for info in Registry.load().loaded("l4proto")
    for module in [info.factory.__module__.partition(".")[0] + ".header"]
    for name, value in vars(__import__(module, fromlist=["*"])).items()
    if isinstance(value, Header)
}


@given(st.binary(min_size=64, max_size=80))
def test_the_headers_of_the_installed_plugins(data: bytes) -> None:
    for name, header in INSTALLED.items():
        parsed = header.parse(data)
        assert header.reader()(data, 0) == tuple(parsed[field] for field in header.fields), name
