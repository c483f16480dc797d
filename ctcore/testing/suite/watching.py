"""The laws of whoever watches flows that others track: extension types and observers."""

from __future__ import annotations

from copy import copy
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ctcore.registry import Registry
from ctcore.testing.conformance import accounts
from ctcore.testing.strategies import traffic
from ctcore.testing.suite.base import PacketSuite, for_all


class WatchingSuite(PacketSuite):
    """``conversation`` are packets of a flow that the plugin has something to say of; any other traffic comes too."""

    def any_packets(self, registry: Registry) -> SearchStrategy[list[bytes]]:
        """The conversation up to some packet, then any traffic."""
        ends = st.integers(0, len(self.conversation))
        return st.builds(lambda end, more: [*self.conversation[:end], *more], ends, traffic())

    def test_watching_changes_nothing(self, registry: Registry) -> None:
        """What becomes of packets is the same with the plugin and without it, but for its own figures."""
        without = copy(registry)
        without.plugins = [info for info in registry.plugins if info.name != self.name]

        @for_all(self.any_packets(registry), examples=self.examples)
        def law(packets: list[bytes]) -> None:
            assert [*map(self._bare, accounts(registry, packets))] == [*map(self._bare, accounts(without, packets))]

    def _bare(self, seen: dict[str, Any]) -> dict[str, Any]:
        """What was seen, without the plugin's figures."""
        entry = seen["entry"]
        if entry is not None:
            figures = {name: told for name, told in entry.get("ext", {}).items() if name != self.name}
            entry = {**entry, "ext": figures}
        return {**seen, "entry": entry}
