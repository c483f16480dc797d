"""What ``-o`` means, and the summary."""

from __future__ import annotations

import pytest

from ctcore.errors import CtcoreError
from ctcore.formats import text
from ctcore.formats.lines import OutputError, parse
from ctcore.formats.output import PLAIN, Output


def test_the_summary() -> None:
    assert text.footer(3) == "conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown."
    assert text.footer(16, "flow events have been shown").endswith("): 16 flow events have been shown.")


@pytest.mark.parametrize(
    ("value", "name", "output"),
    [
        ("extended", "text", Output(extended=True)),
        ("extended,extended", "text", Output(extended=True)),
        ("id,timestamp,ktimestamp,labels", "text", Output(False, True, True, True, True)),
        ("xml,id", "xml", Output(id=True)),
        ("save", "save", PLAIN),
        ("save,save", "save", PLAIN),
        ("json", "json", PLAIN),
    ],
)
def test_parse(value: str, name: str, output: Output) -> None:
    form, found = parse(value)
    assert (form.name, found) == (name, output)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "Bad parameter `'"),
        ("extended,", "Bad parameter `'"),
        ("xml,text", "Bad parameter `text'"),
        ("save,xml", "cannot combine save output with any other output type, use -o save only"),
        ("save,id", "cannot combine save output with any other output type, use -o save only"),
        ("json,xml", "cannot combine json output with any other output type, use -o json only"),
    ],
)
def test_parse_refuses(value: str, problem: str) -> None:
    with pytest.raises(OutputError) as error:
        parse(value)
    assert str(error.value) == problem


def test_errors_are_for_people() -> None:
    assert issubclass(OutputError, CtcoreError)
