"""The event cache: what happened to a flow since its last event message."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.eventcache import EventCache
from ctcore.events import ALL_EVENTS
from ctcore.hookspecs import extension

NEVER, ALWAYS, WHILE_HEARD = 0, 1, 2  # nf_conntrack_events


class Ecache:
    """The ECACHE extension."""

    name = "ecache"
    id = ExtId.ECACHE
    switch = "events"

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> EventCache | None:
        """A cache where the sysctl nf_conntrack_events, a listener or the template's event mask asks for one."""
        wanted: EventCache | None = tmpl.ext_find(ExtId.ECACHE) if tmpl is not None else None
        if wanted is not None:
            return EventCache(wanted.ctmask, wanted.expmask)
        net = ct.net
        mode = net.events
        if mode == NEVER or (mode == WHILE_HEARD and not net.notifier.has_listener):
            return None
        return EventCache(ALL_EVENTS, ALL_EVENTS)
