"""What must hold before any test means something: the installed ctcore is under test, with the plugins asked for.

``CTCORE_EXPECT_PLUGINS`` names the protocol plugins that must load, no more and no fewer (commas between); where it is
not set, whatever is installed will do.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from hypothesis import HealthCheck, settings

import ctcore
from ctcore import Net, Registry
from tests.toy import ToyNet

EXPECT = os.environ.get("CTCORE_EXPECT_PLUGINS")
EXPECT_BUILD = os.environ.get("CTCORE_EXPECT_BUILD")
ONLY = os.environ.get("CTCORE_TESTS")
TESTS = Path(__file__).parent

settings.register_profile(
    "ctcore",
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow],  # how fast examples are drawn says how busy the machine is
)
settings.register_profile("brief", settings.get_profile("ctcore"), max_examples=20)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job is deaf to Ctrl-C, and so is what it starts; here it is sent to commands.
    signal.signal(signal.SIGINT, signal.default_int_handler)

PROFILE = os.environ.get("CTCORE_HYPOTHESIS", "ctcore")
settings.load_profile(PROFILE)


def installed_at() -> Path | None:
    """The folder of the installed package ``ctcore``; None where it is not installed."""
    try:
        dist = distribution("ctcore")
    except PackageNotFoundError:
        return None
    url = json.loads(dist.read_text("direct_url.json") or "{}")
    if url.get("dir_info", {}).get("editable"):
        return Path(unquote(urlparse(url["url"]).path)) / "ctcore"
    return Path(str(dist.locate_file("ctcore")))


@cache
def loaded_plugins() -> set[str]:
    """The names of the protocol plugins that load. Raises PluginError for one that is left out."""
    registry = Registry.load(strict=True)
    return {info.name for kind in ("l3proto", "l4proto", "helper") for info in registry.loaded(kind)}


def complaint() -> str | None:
    """What is wrong with the installation, or None."""
    here, installed = Path(ctcore.__file__).parent, installed_at()
    if installed is None or here.resolve() != installed.resolve():
        return f"the imported ctcore is {here}, the installed one {installed or 'nowhere'}"
    if EXPECT_BUILD == "compiled" and not ctcore.COMPILED:
        return "expected the compiled build, and plain Python runs"
    try:
        loaded = loaded_plugins()
    except ctcore.PluginError as error:
        return str(error)
    if EXPECT is not None:
        wanted = {name.strip() for name in EXPECT.split(",") if name.strip()}
        if wanted != loaded:
            return f"expected the plugins {sorted(wanted)}, loaded are {sorted(loaded)}"
    return None


def pytest_configure(config: pytest.Config) -> None:
    problem = complaint()
    if problem:
        raise pytest.UsageError(problem)


def pytest_runtest_teardown() -> None:
    settings.load_profile(PROFILE)  # a test that runs pytest in this process leaves that one's


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a plugin that is not meant to be here, and with CTCORE_TESTS=plugins what needs none.

    Where it is said which plugins are expected the tests are deselected, so that a skipped test is always news.
    """
    here = loaded_plugins()
    out = []
    for item in items:
        if item.get_closest_marker("plain" if ctcore.COMPILED else "compiled"):
            out.append(item)
            continue
        wanted = {str(name) for mark in item.iter_markers("plugins") for name in mark.args}
        missing = ", ".join(sorted(wanted - here))
        if missing and EXPECT is None:
            item.add_marker(pytest.mark.skip(reason=f"needs the plugins {missing}, which are not installed here"))
        elif missing or (not wanted and ONLY == "plugins" and TESTS in item.path.parents):
            out.append(item)
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


@pytest.fixture
def toy() -> Iterator[ToyNet]:
    """A strict namespace with the toy protocols alone."""
    made = ToyNet()
    yield made
    made.net.exit()
    assert made.net.table.count == 0, "flows were left behind"


@pytest.fixture
def net() -> Net:
    """A namespace with every installed plugin."""
    return Net(Registry.load(strict=True))
