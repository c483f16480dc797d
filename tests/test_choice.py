"""Which plugins are loaded: one-file plugins, and what CTCORE_PLUGINS says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctcore import PluginError, Registry
from ctcore.onefile import kinds_of, plugins_of
from ctcore.registry import PluginInfo
from tests.toy import Toy3, Toy4

WATCH = '''
"""Two plugins and what they are made of."""
from ctcore import extension, observer

class _Base:
    @observer
    def packet_seen(self, pkt): ...

class Watch(_Base):
    name = "watch"

class Colour:
    name = "colour"
    @extension
    def create(self, ct): ...

class Nothing:
    name = "nothing"
'''
AS_MODULE = "from ctcore import observer\nname = 'plain'\n@observer\ndef packet_seen(pkt): ...\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "watch.py"
    path.write_text(WATCH)
    return path


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CTCORE_PLUGINS", raising=False)


def own(registry: Registry) -> list[PluginInfo]:
    return [info for info in registry.plugins if info.name in ("watch", "colour", "plain")]


def test_the_plugins_of_a_file(file: Path) -> None:
    assert [(kind, thing.name) for kind, thing in plugins_of(str(file))] == [
        ("observer", "watch"),
        ("extension", "colour"),
    ]


def test_a_file_may_be_a_plugin_itself(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text(AS_MODULE)
    registry = Registry.load(strict=True, files=[str(path)])
    (info,) = own(registry)
    assert (info.kind, info.hooks, str(info)) == ("observer", ("packet_seen",), f"observer plugin plain of {path}")


def test_kinds() -> None:
    assert (kinds_of(Toy3), kinds_of(Toy4), kinds_of(object)) == (["l3proto"], ["l4proto"], [])


def test_they_are_loaded_beside_the_installed_ones(file: Path) -> None:
    registry = Registry.load(strict=True, files=[str(file)])
    assert [(info.name, info.problem) for info in own(registry)] == [("watch", None), ("colour", None)]
    assert len(registry.plugins) == len(Registry.load().plugins) + 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nosuchthing", "it cannot be run: ModuleNotFoundError: No module named 'nosuchthing'"),
        ("def (", "it cannot be run: SyntaxError: "),
        ("raise SystemExit(3)", "it cannot be run: SystemExit: 3"),
        ("class Thing:\n  name = 'thing'\n", "no plugin is in it: that is a class with methods marked as hooks"),
    ],
)
def test_a_file_that_will_not_do(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(PluginError) as raised:
        Registry.load(files=[str(path)])
    assert str(raised.value).startswith(f"{path}: {sentence}")


def test_a_file_that_is_not_there_or_is_none_of_pythons(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"nosuch\.py: there is no such file"):
        Registry.load(files=["nosuch.py"])
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(PluginError, match=r"notes\.txt: not a file of Python: its name has to end in \.py"):
        Registry.load(files=[str(tmp_path / "notes.txt")])


def test_the_environment_adds_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = len(Registry.load().plugins)
    monkeypatch.setenv("CTCORE_PLUGINS", f" {file},")
    assert len(Registry.load(strict=True).plugins) == everything + 2


@pytest.mark.plugins("ipv4", "udp")
def test_the_environment_narrows_the_choice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTCORE_PLUGINS", f"ipv4, udp,{file}")
    registry = Registry.load(strict=True)
    assert [info.name for kind in ("l3proto", "l4proto", "helper") for info in registry.loaded(kind)] == ["ipv4", "udp"]
    assert {"acct", "ecache", "tstamp"} <= {info.name for info in registry.loaded("extension")}, "the core's own stay"
    assert len(own(registry)) == 2
    assert "udp" not in [info.name for info in Registry.load(without=["udp"]).plugins]


def test_a_name_that_nobody_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTCORE_PLUGINS", "acct,nosuch")
    with pytest.raises(PluginError, match=r"^CTCORE_PLUGINS: no plugin is named nosuch: there are acct, "):
        Registry.load()
