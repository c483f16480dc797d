"""The laws of observers."""

from __future__ import annotations

from ctcore.netns import Net
from ctcore.registry import Registry
from ctcore.testing.engine import Engine
from ctcore.testing.suite.watching import WatchingSuite


class ObserverSuite(WatchingSuite):
    """For an observer: ``name`` and ``conversation`` say enough."""

    def test_namespaces_come_and_go(self, registry: Registry) -> None:
        """With flows and without any; strict plugins raise what goes wrong."""
        Net(registry).exit()
        engine = Engine(registry)
        for packet in self.conversation:
            engine.send(packet)
        engine.net.exit()
        assert engine.net.table.count == 0
        assert not engine.net.faults.counts
