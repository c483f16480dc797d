"""Label files: what libnetfilter_conntrack 1.0.9 made of the same lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore.errors import CtcoreError
from ctcore.formats import labels
from ctcore.formats.labels import LabelMap

ALL = (1 << 1030) - 1

FILES = {
    "plain": ("0 zero\n1 one\n127 last\n", {0: "zero", 1: "one", 127: "last"}),
    "spaces": ("  2   two words\n 10\tten\n69 trailing  \n", {2: "two words", 10: "ten", 69: "trailing"}),
    "several spaces": ("24 a b c\n25 a  b\n18 a\tb\n", {24: "a b c", 25: "a  b"}),
    "comments": ("# x\n#5 x\n1 one # c\n2 a#b\n", {}),
    "no name": ("64 \n1\n2 b\n", {2: "b"}),
    "no number": ("garbage\n-3 minus\n1 ok\n", {1: "ok"}),
    "numbers of C": (
        "0x7 seven\n010 oct\n+12 plus\n0X1F big\n",
        {7: "seven", 8: "oct", 12: "plus", 31: "big"},
    ),
    "octal ends at 8": ("08 x\n079 a\n", {0: "8 x", 7: "9 a"}),
    "minus": ("3 a-b\n4 -\n-0 a\n-5 b\n6-6\n", {0: "a", 3: "a-b", 4: "-", 6: "-6"}),
    "no hexadecimal digit": ("0x 5\n0xg\n", {0: "x 5"}),
    "number and name as one": ("68abc sixtyeight\n", {68: "abc sixtyeight"}),
    "too high": ("1023 a\n1024 b\n99999999999999999999 c\n0 a\n1 b\n", {1: "b", 1023: "a"}),
    "odd characters": ('1 a/b\n2 a:b\n3 a.b\n4 a_b\n5 a"b\n6 a&b\n7 \u00e9\n8 a,b\n9 1a\n', {9: "1a"}),
    "the first line holds": ("1 a\n1 b\n2 a\n", {1: "a"}),
    "carriage return": ("1 a\r\n2 b\r\n", {1: "a", 2: "b"}),
    "odd spaces": ("5\x0bvt\n6\x0cff\n\n \n", {5: "vt", 6: "ff"}),
    "last line without an end": ("1 a\n2 b", {1: "a", 2: "b"}),
    "empty": ("", {}),
}


@pytest.mark.parametrize(("text", "names"), FILES.values(), ids=FILES)
def test_files(tmp_path: Path, text: str, names: dict[int, str]) -> None:
    path = tmp_path / "connlabel.conf"
    path.write_bytes(text.encode())
    found = LabelMap.load(str(path))
    assert found is not None
    assert list(found.names(ALL)) == [names[bit] for bit in sorted(names)]
    assert {bit: name for bit in range(1030) for name in found.names(1 << bit)} == names


def test_the_default_file_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(CtcoreError, match=r"missing does not exist$"):
        LabelMap.load(missing)
    monkeypatch.setattr(labels, "DEFAULT_PATH", missing)
    assert LabelMap.load(missing) is None


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CtcoreError, match=r"cannot be read: Is a directory$"):
        LabelMap.load(str(tmp_path))


@given(st.text())
def test_any_line_is_a_label_or_none(line: str) -> None:
    assert len(list(LabelMap([line]).names(ALL))) <= 1
