"""The laws that every plugin keeps, as classes for its tests to inherit: one for each kind of plugin.

A test file says what is special about its plugin, and has every law tested::

    class TestEcho(L4ProtoSuite):
        name = "echo"
        conversation = (request, answer)

A law is left out by naming it in ``skips`` with the reason, which pytest shows.
"""

from ctcore.testing.suite.base import Suite, for_all
from ctcore.testing.suite.extension import ExtensionSuite
from ctcore.testing.suite.helper import HelperSuite
from ctcore.testing.suite.l3proto import L3ProtoSuite
from ctcore.testing.suite.l4proto import L4ProtoSuite
from ctcore.testing.suite.observer import ObserverSuite

__all__ = ["ExtensionSuite", "HelperSuite", "L3ProtoSuite", "L4ProtoSuite", "ObserverSuite", "Suite", "for_all"]
