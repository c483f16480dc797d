"""The laws of extension types."""

from __future__ import annotations

import json
from copy import copy
from typing import Any

from ctcore.conn import Conn
from ctcore.hookspecs import extension
from ctcore.registry import Registry
from ctcore.testing.engine import SECOND, Engine
from ctcore.testing.suite.base import check_fields, check_shown, for_all
from ctcore.testing.suite.watching import WatchingSuite

AGE = 400 * 24 * 3600 * SECOND  # no flow lives so long


class Account:
    """Wraps one extension type, and notes what it makes and what it is told to give back."""

    def __init__(self, name: str) -> None:
        self.wraps = (name,)
        self.living: list[Any] = []
        self.gone: list[Any] = []

    @extension(wrapper=True)
    def create(self, ct: Conn) -> Any:
        """Note the data of a new flow."""
        data = yield
        if data is not None:
            self.living.append(data)
        return data

    @extension(wrapper=True)
    def destroy(self, ct: Conn, data: Any) -> Any:
        """Note that the data is given back."""
        self.gone.append(data)
        return (yield)


class ExtensionSuite(WatchingSuite):
    """For an extension type: ``name`` and ``conversation``, packets of a flow that it keeps data for."""

    def talk(self, registry: Registry) -> Engine:
        """The conversation after its last packet."""
        engine = Engine(registry)
        for packet in self.conversation:
            engine.send(packet)
        return engine

    def data(self, engine: Engine) -> list[tuple[Conn, Any]]:
        """The flows that have data of the type, and the data."""
        place = next(ext.id for ext in engine.net.ext_types if ext.name == self.name)
        return [(ct, ct.ext_find(place)) for ct in engine.entries if ct.ext_find(place) is not None]

    def test_it_keeps_data_for_the_flows_that_it_chose(self, registry: Registry) -> None:
        assert self.data(self.talk(registry)), "no flow of the conversation has data of this type"

    def test_its_figures_can_be_shown(self, registry: Registry) -> None:
        """In JSON and as columns, whatever came before."""

        @for_all(self.any_packets(registry), examples=self.examples)
        def law(packets: list[bytes]) -> None:
            engine = Engine(registry)
            slot = next(ext for ext in engine.net.ext_types if ext.name == self.name)
            for packet in packets:
                engine.send(packet)
                engine.wait(0.001)
                for ct, data in self.data(engine):
                    if slot.dump is not None:
                        json.dumps(dict(slot.dump(ct, data)), allow_nan=False)
                    if slot.column is not None:
                        check_fields(slot.column(ct, data))
                    check_shown(ct, engine.now)

    def test_what_is_made_is_given_back_once(self, registry: Registry) -> None:
        account = Account(self.name)
        counted = copy(registry)
        counted.plugins = [*registry.plugins]
        counted.add("extension", account, "account")
        gives_back = any(info.name == self.name and "destroy" in info.hooks for info in registry.loaded("extension"))

        @for_all(self.any_packets(registry), examples=self.examples)
        def law(packets: list[bytes]) -> None:
            account.living.clear()
            account.gone.clear()
            engine = Engine(counted)
            for packet in packets:
                engine.send(packet)
            for _ in range(2):
                engine.now += AGE
                engine.send(b"")
            if gives_back:
                assert sorted(map(id, account.gone)) == sorted(map(id, account.living))
