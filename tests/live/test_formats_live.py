"""Every format against conntrack and /proc: the same flows, printed by both, byte for byte.

The kernel makes the flows, from packets and from ``conntrack -I``; ctcore prints what netlink tells of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from ctcore.common import EventKind
from ctcore.expect import Expectation
from ctcore.formats import expects, lines, netlink, proc, stats
from ctcore.formats.labels import LabelMap
from ctcore.formats.output import Output
from ctcore.netns import Net
from ctcore.stats import Statistics
from ctcore.verify.netlink import attributes
from tests.live.loading import EVENT_TIME, TIMES, Loader, event_of, number
from tests.live.scene import CREATED, CT_STATS, EXP_GET, EXP_STATS, LABELS, Listener, Scene, opened

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6")]

SYNPROXY = 24  # the kernel gives one to flows that a program makes; ctcore has no synproxy
FLAGS = ("extended", "id", "timestamp", "ktimestamp", "labels", "id,labels,ktimestamp,extended,timestamp")
OPTIONS = ("", *FLAGS, "save", "xml", *(f"xml,{flag}" for flag in FLAGS))
COUNTERS = {
    CT_STATS: {
        2: "found",
        4: "invalid",
        8: "insert",
        9: "insert_failed",
        10: "drop",
        11: "early_drop",
        12: "error",
        13: "search_restart",
        14: "clash_resolve",
        15: "chaintoolong",
    },
    EXP_STATS: {1: "expect_new", 2: "expect_create", 3: "expect_delete"},
}


@pytest.fixture(scope="module")
def needs_conntrack() -> None:
    """Leave the tests out where there is no conntrack 1.4.7, or fail where they must run."""
    path = shutil.which("conntrack")
    version = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stdout if path else ""
    if "v1.4.7 " in version:
        return
    lacks = f"conntrack 1.4.7 is needed, there is {version.strip() or 'none'}"
    if os.environ.get("CTCORE_REQUIRE_KERNEL") == "1":
        pytest.fail(f"CTCORE_REQUIRE_KERNEL=1, but {lacks}", pytrace=False)
    pytest.skip(lacks)


@pytest.fixture
def scene(needs_conntrack: None, net: Net) -> Iterator[Scene]:
    """A router with flows in it."""
    with opened(net) as made:
        made.make_flows()
        yield made


def steadily(ours: Callable[[], list[str]], theirs: Callable[[], list[str]]) -> tuple[list[str], list[str]]:
    """Both lists, from a moment in which no second passed."""
    for _ in range(20):
        before, found = ours(), theirs()
        if before == ours():
            return before, found
    raise AssertionError("the flows do not hold still")


def output_of(option: str) -> tuple[lines.Format, Output]:
    """What ``-o option`` asks for, with the labels' names; text where it is empty."""
    form, output = lines.parse(option) if option else (lines.FORMATS["text"], Output())
    names = LabelMap(LABELS.splitlines())
    flags = output.extended, output.id, output.timestamp, output.ktimestamp, output.labels
    return form, Output(*flags, labelmap=names)


def options_for(option: str) -> tuple[str, ...]:
    """The command line that asks conntrack for the same."""
    return ("-o", option) if option else ()


def framed(form: lines.Format, found: list[str]) -> list[str]:
    """Lines with what a format puts around them."""
    opening = form.opening.split("\n") if form.opening else []
    return [*opening, *found, *([form.closing] if form.closing else [])]


@pytest.mark.parametrize("option", OPTIONS)
def test_lists(scene: Scene, option: str) -> None:
    form, output = output_of(option)

    def ours() -> list[str]:
        return scene.ours(lambda loader, message: form.flow_line(loader.flow(message), loader.now, output))

    printed, theirs = steadily(ours, lambda: scene.conntrack("-L", *options_for(option)))
    assert framed(form, printed) == theirs
    assert len(printed) > len(CREATED)


def test_proc(scene: Scene) -> None:
    def ours() -> list[str]:
        return scene.ours(lambda loader, message: proc.flow_line(loader.flow(message), loader.now))

    printed, theirs = steadily(ours, lambda: scene.proc("nf_conntrack"))
    assert sorted(printed) == sorted(theirs)
    assert len(printed) > len(CREATED)


def check_expectations(scene: Scene, line: Callable[[Expectation, int], str], theirs: Callable[[], list[str]]) -> None:
    def ours() -> list[str]:
        return scene.ours(lambda loader, message: line(loader.expectation(message), loader.now), EXP_GET)

    printed, found = steadily(ours, theirs)
    assert printed
    assert printed == [line for line in found if line not in expects.XML_OPENING + expects.XML_CLOSING]


def test_expectations(scene: Scene) -> None:
    check_expectations(scene, expects.text_line, lambda: scene.conntrack("-L", "expect"))
    check_expectations(scene, expects.xml_line, lambda: scene.conntrack("-L", "expect", "-o", "xml"))
    check_expectations(scene, proc.expect_line, lambda: scene.proc("nf_conntrack_expect"))


def test_timestamps_of_expectations_are_padded_with_spaces(scene: Scene) -> None:
    for _ in range(5):
        (line,) = scene.conntrack("-L", "expect", "-o", "timestamp")
        heard = moment(line)[1]
        assert heard is not None
        assert line.startswith(expects.timestamp(heard))


def counters(scene: Scene) -> list[Statistics]:
    """The kernel's counters, one set a processor."""
    found: dict[int, Statistics] = {}
    for kind, names in COUNTERS.items():
        for message in scene.dump(kind):
            stat = found.setdefault(message.resource, Statistics())
            for attribute, name in names.items():
                setattr(stat, name, number(message.attributes.get(attribute, b"")))
    return [found[cpu] for cpu in sorted(found)]


def test_statistics(scene: Scene) -> None:
    found, entries = counters(scene), scene.conntrack("-C")
    assert sum(stat.insert for stat in found) == len(CREATED)
    assert [stats.cpu_line(stat, cpu) for cpu, stat in enumerate(found)] == scene.conntrack("-S")
    assert [stats.expect_cpu_line(stat, cpu) for cpu, stat in enumerate(found)] == scene.conntrack("-S", "expect")
    assert [stats.count_line(int(entries[0]))] == entries
    of_proc = [proc.stat_line(stat, int(entries[0])) for stat in found]
    assert [proc.STAT_HEADER, *of_proc] == scene.proc("stat/nf_conntrack")


def test_netlink_dump(scene: Scene) -> None:
    messages = scene.dump()
    for message in messages:
        theirs = {kind: data for kind, data in message.attributes.items() if kind != SYNPROXY}
        now = time.time_ns()
        ours = attributes(netlink.flow_attributes(Loader(scene.net, now).flow(message), now))
        assert list(ours.items()) == list(theirs.items())
    assert len(messages) > len(CREATED)


def moment(line: str) -> tuple[str, int | None]:
    """The line without what names its sender, and when conntrack got the event by its own account (ns)."""
    line = re.sub(r" \[USERSPACE\].*", "", line)
    stamp = re.match(r"\[(\d+) *\.(\d+) *\]\t", line)
    if stamp:
        return line, int(stamp[1]) * 10**9 + int(stamp[2]) * 1000
    when = re.search(
        "<hour>(.+)</hour><min>(.+)</min><sec>(.+)</sec><wday>.</wday><day>(.+)</day><month>(.+)</month>"
        "<year>(.+)</year>",
        line,
    )
    if when is None:
        return line, None
    hour, minute, second, day, month, year = map(int, when.groups())
    return line, int(time.mktime((year, month, day, hour, minute, second, 0, 0, -1))) * 10**9


def test_events(needs_conntrack: None, net: Net) -> None:
    with opened(net) as scene, Listener(scene, [options_for(option) for option in OPTIONS]) as listener:
        scene.make_flows()
        scene.conntrack("-U", *CREATED[0].split(" --state")[0].split(), "-m", "3")
        scene.conntrack("-U", *CREATED[0].split(" --state")[0].split(), "-m", "0")
        scene.conntrack("-D", "-p", "tcp")
        scene.conntrack("-F")
        messages, printed = listener.stop()
    assert {event_of(message)[0] for message in messages} == set(EventKind)
    for option, found in zip(OPTIONS, printed, strict=True):
        form, output = output_of(option)
        around = framed(form, [])
        pairs = [moment(line) for line in found if line not in around]
        assert len(found) == len(messages) + len(around)
        for message, (line, heard) in zip(messages, pairs, strict=True):
            kind, mask = event_of(message)
            now = heard or number(message.attributes[EVENT_TIME])
            assert form.event_line(kind, Loader(net, now).flow(message), mask, now, output) == line


@pytest.mark.parametrize(("begin", "lasts"), [(0.8, 0.4), (0.8, 1.4), (0.2, 1.4)])
def test_ages_of_flows_that_have_ended(needs_conntrack: None, net: Net, begin: float, lasts: float) -> None:
    """Flows that began at this part of a second and lasted about so long: text and XML truncate in different places."""
    options = ("", "xml", "xml,ktimestamp")
    with opened(net) as scene, Listener(scene, [options_for(option) for option in options]) as listener:
        time.sleep((begin - time.time()) % 1)
        made = scene.space.run("conntrack", "-I", *CREATED[2].split())
        assert made.returncode == 0, made.stderr
        time.sleep(lasts)
        scene.conntrack("-F")
        messages, printed = listener.stop()
    message = messages[-1]
    assert event_of(message)[0] == EventKind.DESTROY
    now = number(message.attributes[EVENT_TIME])
    for option, found in zip(options, printed, strict=True):
        form, output = output_of(option)
        lines_of_it = [moment(line)[0] for line in found if line not in framed(form, [])]
        assert form.event_line(EventKind.DESTROY, Loader(net, now).flow(message), 4, now, output) == lines_of_it[-1]


def test_netlink_events(needs_conntrack: None, net: Net) -> None:
    with opened(net) as scene, Listener(scene, []) as listener:
        scene.make_flows()
        scene.conntrack("-F")
        messages, _ = listener.stop()
    assert any(TIMES in message.attributes for message in messages)
    for message in messages:
        theirs = {kind: data for kind, data in message.attributes.items() if kind != SYNPROXY}
        kind, mask = event_of(message)
        now = number(theirs[EVENT_TIME])
        ours = attributes(netlink.event_attributes(kind, Loader(net, now).flow(message), mask, now))
        assert list(ours.items()) == list(theirs.items())
