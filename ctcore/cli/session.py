"""One replay: a namespace, the captures that it is fed, and what stopped it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ctcore.api import Conntrack
from ctcore.choice import check_names
from ctcore.cli.conduct import INPUT, INTERRUPTED, say
from ctcore.cli.options import Reading
from ctcore.cli.progress import Progress
from ctcore.cli.watch import Interrupt, WatchedCapture
from ctcore.errors import CtcoreError, PluginError
from ctcore.registry import Registry


class Session:
    """A namespace as the options ask for it; ``replay`` the captures, print, and ``finish``.

    ``tracker``  the namespace's ``Conntrack``
    ``net``      its ``Net``
    ``capture``  the capture that is being read

    ``listen``   keep the events of each packet for its result
    ``chatty``   the command prints while it reads, so that on a terminal a progress bar would be in its way

    Raises CtcoreError for an option that cannot be followed and where no packet could be tracked at all.
    """

    def __init__(self, reading: Reading, listen: bool = False, chatty: bool = False) -> None:
        registry = load_plugins(reading.strict_plugins, reading.no_plugin, reading.plugin)
        warn_of(registry)
        frozen = reading.clock == "frozen"
        self.tracker = Conntrack(
            registry, local=reading.local, interfaces=reading.interfaces, frozen=frozen, listen=listen
        )
        self.net = self.tracker.net
        self.net.faults.report = lambda text: say(f"ctcore: {text}")
        for assignment in reading.settings:
            self.net.sysctl.set_text(assignment)
        for assignment in reading.helpers:
            self.net.helpers.assign(assignment)
        self.capture: WatchedCapture | None = None
        self._reading = reading
        self._bar = reading.progress and sys.stderr.isatty() and not (chatty and sys.stdout.isatty())
        self._interrupt = Interrupt()
        self._start: int | None = None
        self._stopped_by: CtcoreError | None = None

    def replay(
        self, on_packet: Callable[[int, int], None] | None = None, on_batch: Callable[[], None] | None = None
    ) -> None:
        """Track the captures in turn; ``on_packet(number, verdict)`` is called after each packet.

        ``on_batch()`` is called after each batch: the packets that were there to be read, or some hundreds of a file.

        Returns early, for ``finish`` to tell why, where one cannot be read on. Raises CtcoreError where not
        even the first one could be opened, so that there is nothing to print, and SystemExit for Ctrl-C then.
        """
        with self._interrupt, Progress(self._bar) as progress:
            for path in self._reading.captures:
                try:
                    self._replay_one(path, progress, on_packet, on_batch)
                except CtcoreError as error:
                    self._stopped_by = error
                if self._interrupt.asked or self._stopped_by is not None:
                    break
        if self.capture is None:
            self.finish()

    def time_of(self, number: int) -> int:
        """The capture's time of packet ``number`` (nanoseconds), to be asked in ``on_packet``."""
        assert self.capture is not None
        return self.capture.time_of(number)

    @property
    def start(self) -> int:
        """The time of the very first packet (nanoseconds), to be asked in ``on_packet``."""
        if self._start is None:
            assert self.capture is not None
            assert self.capture.first_time is not None
            self._start = self.capture.first_time
        return self._start

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Printing may run plugins' code: raise PluginError, naming the plugin, where that fails."""
        try:
            yield
        except (CtcoreError, OSError):
            raise
        except Exception as error:
            self.net.faults.strict = True
            self.net.faults.caught(error)

    def finish(self) -> None:
        """Tell the observers that this was all, and print the remarks, after the data.

        Raises what stopped the replay, if anything did; SystemExit after Ctrl-C and where a plugin failed.
        """
        sys.stdout.flush()
        self.net.plugs.end()
        if self.net.receiver.held:
            count, most = self.net.receiver.held, self.net.receiver.held_most / 1e9
            say(
                f"ctcore: {count} packet{'s are' if count > 1 else ' is'} older than one before, "
                f'by up to {most:.6f} s: time was held ("ctcore trace" marks them)'
            )
        for plugin, count in self.net.faults.counts.items():
            fate = "passed on" if plugin.startswith("helper") else "are INVALID"
            say(f"ctcore: {plugin} failed at {count} packet{'s' if count > 1 else ''}, which {fate}")
        if self._interrupt.asked:
            sys.exit(INTERRUPTED)
        if self._stopped_by is not None:
            raise self._stopped_by
        if self.net.faults.counts:
            sys.exit(INPUT)

    def _replay_one(
        self,
        path: str,
        progress: Progress,
        on_packet: Callable[[int, int], None] | None,
        on_batch: Callable[[], None] | None,
    ) -> None:
        bpf = self._reading.bpf
        self.capture = WatchedCapture(path, bpf, self._interrupt, progress, on_batch)
        with self.capture, self.blame():
            self.tracker.replay(self.capture, on_packet)


def load_plugins(strict: bool, without: tuple[str, ...], files: tuple[str, ...] = ()) -> Registry:
    """The installed plugins but those ``without``, and those in ``files``.

    Raises PluginError for an unknown name, for a file that has no plugin, or where ``strict``.
    """
    check_names(frozenset(without))
    return Registry.load(strict, without, files)


def warn_of(registry: Registry) -> None:
    """Say which plugins were left out. Raises PluginError where no packet could be tracked without them."""
    for plugin in registry.plugins:
        if plugin.problem is not None:
            say(f"ctcore: {plugin} is left out: {plugin.problem}")
    if not any(registry.loaded("l3proto")):
        raise PluginError(
            "no plugin for a network layer protocol is loaded, so no packet can be tracked: "
            "pip install ctcore-ipv4 ctcore-ipv6"
        )
    if not any(registry.loaded("l4proto")):
        say(
            "ctcore: no plugin for a transport protocol is loaded, so flows are told apart by addresses "
            "and protocol number alone: pip install ctcore-tcp ctcore-udp ctcore-icmp"
        )
