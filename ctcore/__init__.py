"""ctcore: Linux connection tracking (nf_conntrack) as a library.

``Conntrack`` is the way in; ``Net`` is what it stands on. The markers and the typed façades are for plugin authors.
"""

from ctcore.build import COMPILED  # the first import: it decides which build the others are of

# isort: split
from ctcore.announce import announce, drop, expect, help_data, tcp_payload, udp_payload, withdraw
from ctcore.api import Conntrack, Result
from ctcore.broadcast import expect_answers
from ctcore.common import CtInfo, Event, EventKind, ExtId, Status
from ctcore.conn import Conn
from ctcore.errors import CaptureError, CtcoreError, FilterError, HelperError, PluginError, SysctlError
from ctcore.expect import Expectation, ExpectFlag, ExpectPolicy
from ctcore.headers import Header
from ctcore.hookspecs import CTCORE_PLUGIN_API, Fields, extension, helper, l3proto, l4proto, observer
from ctcore.netfilter import Hook, HookOps, Priority, Verdict
from ctcore.netns import Net
from ctcore.packet import Packet
from ctcore.registry import PluginInfo, Registry
from ctcore.sysctl import Sysctl
from ctcore.tuples import Tuple
from ctcore.vtables import Extension, Helper, L3Proto, L4Proto, Observer
from ctcore.zones import Zone

__version__ = "0.1.0"

__all__ = [
    "COMPILED",
    "CTCORE_PLUGIN_API",
    "CaptureError",
    "Conn",
    "Conntrack",
    "CtInfo",
    "CtcoreError",
    "Event",
    "EventKind",
    "ExpectFlag",
    "ExpectPolicy",
    "Expectation",
    "ExtId",
    "Extension",
    "Fields",
    "FilterError",
    "Header",
    "Helper",
    "HelperError",
    "Hook",
    "HookOps",
    "L3Proto",
    "L4Proto",
    "Net",
    "Observer",
    "Packet",
    "PluginError",
    "PluginInfo",
    "Priority",
    "Registry",
    "Result",
    "Status",
    "Sysctl",
    "SysctlError",
    "Tuple",
    "Verdict",
    "Zone",
    "announce",
    "drop",
    "expect",
    "expect_answers",
    "extension",
    "help_data",
    "helper",
    "l3proto",
    "l4proto",
    "observer",
    "tcp_payload",
    "udp_payload",
    "withdraw",
]
