"""Replay a capture through the library, whole, and print what was counted: packets, IP bytes, flows.

    library.py PATH                the library alone, as `ctcore count` uses it; bytes are not counted
    library.py PATH --account      bytes too, which takes a listener and nf_conntrack_acct
    library.py PATH --observer     with an observer of flow events that is plain Python, in any build
    library.py PATH --plain udp    with the plugin for that protocol as plain Python, in any build

``--bpf FILTER`` replays part of the capture.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ctcore import Conntrack, Registry
from ctcore.common import ORIGINAL, REPLY, EventKind
from ctcore.formats.objects import direction_object
from ctcore.hookspecs import observer
from ctcore.sources import open_capture


class Watcher:
    """Counts flow events by kind, as an author would write it."""

    name = "watcher"

    def __init__(self) -> None:
        self.kinds: dict[int, int] = {}

    @observer
    def event(self, kind: int, ct: Any, mask: int) -> None:
        """A flow's event message."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1


class Account:
    """Adds up the flows that were opened, and the bytes of those that ended and of those that are left."""

    def __init__(self) -> None:
        self.flows = self.octets = 0

    def on_event(self, kind: EventKind, ct: Any, mask: int) -> None:
        """A listener's call."""
        if kind == EventKind.NEW:
            self.flows += 1
        elif kind == EventKind.DESTROY:
            self.add(ct)

    def add(self, ct: Any) -> None:
        """The bytes of both directions."""
        self.octets += sum(direction_object(ct, direction)["bytes"] for direction in (ORIGINAL, REPLY))


def plain(name: str) -> type:
    """The class of an installed first-party l4proto plugin, made from its source file without a compiler."""
    package = importlib.import_module(f"ctcore_{name}")
    folder, octets = Path(str(inspect.getfile(package))).parent, f"ctcore_{name}.octets"
    compiled = sys.modules.get(octets)
    if compiled is not None:  # what it reads numbers with is compiled into its caller, or not
        sys.modules[octets] = _from_source(f"plain_{name}_octets", folder / "octets.py")
    module = _from_source(f"plain_{name}", folder / "l4proto.py")
    if compiled is not None:
        sys.modules[octets] = compiled
    found = [made for made in vars(module).values() if inspect.isclass(made) and made.__module__ == module.__name__]
    return next(made for made in found if hasattr(made, "l4num"))


def _from_source(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--account", action="store_true")
    parser.add_argument("--observer", action="store_true")
    parser.add_argument("--plain", metavar="PROTOCOL")
    parser.add_argument("--bpf")
    args = parser.parse_args()
    registry = Registry.load(strict=True, without=[args.plain] if args.plain else [])
    registry.strict = True
    if args.plain:
        registry.add("l4proto", plain(args.plain))
    if args.observer:
        registry.add("observer", Watcher)
    tracker = Conntrack(registry, {"nf_conntrack_max": 0, "nf_conntrack_acct": int(args.account)}, listen=False)
    account = Account()
    if args.account:
        tracker.net.notifier.listeners.append(account.on_event)
    with open_capture(args.path, args.bpf) as capture:
        packets = tracker.replay(capture)
    if args.account:
        for ct in tracker.flows():
            account.add(ct)
    print(packets, account.octets, account.flows or tracker.net.table.count)


if __name__ == "__main__":
    main()
