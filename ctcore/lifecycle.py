"""The end of flows, and their kinship: deletion, memory, masters and children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctcore.common import CONFIRMED, DYING, EXPECTED, EXT_HELPER, EXT_TSTAMP
from ctcore.conn import Conn
from ctcore.expect import Expectation
from ctcore.helper import attach

if TYPE_CHECKING:
    from ctcore.netns import Net


class Lifecycle:
    """What ends a flow in one namespace."""

    __slots__ = ("net", "table")

    def __init__(self, net: Net) -> None:
        self.net = net
        self.table = net.table

    def delete(self, ct: Conn) -> bool:
        """End a flow: DESTROY event, out of the table, its expectations with it. False where it was dying already."""
        if ct.status & DYING:
            return False
        net = self.net
        ct.status |= DYING
        helped = None
        if ct.ext is not None:
            times, helped = ct.ext_find(EXT_TSTAMP), ct.ext_find(EXT_HELPER)
            if times is not None:
                times.stop = min(net.now, ct.timeout) if ct.status & CONFIRMED else net.now
            net.notifier.destroy(ct)
        if helped is not None and helped.helper.destroy is not None:
            ct.children += 1  # the helper may end the flow's children: the last one must not free what is in use here
            helped.helper.destroy(ct)
            ct.children -= 1
        self.table.remove(ct)
        if helped is not None:
            net.expectations.remove_all(ct)
        if ct.children:
            self.table.dying.add(ct)
        else:
            self.free(ct)
        return True

    def free(self, ct: Conn) -> None:
        """The last reference went: give the memory back, and the master's where that only waited for this one."""
        net = self.net
        table = self.table
        table.count -= 1
        table.unconfirmed.discard(ct)
        table.dying.discard(ct)
        if ct.l4.destroy is not None:
            ct.l4.destroy(ct)
        if ct.ext is not None:
            for ext in net.ext_types:
                data = ct.ext_find(ext.id)
                if data is not None and ext.destroy is not None:
                    ext.destroy(ct, data)
        master, ct.master = ct.master, None
        if master is not None:
            master.children -= 1
            if not master.children and master.status & DYING:
                self.free(master)

    def adopt(self, ct: Conn, exp: Expectation) -> None:
        """Make a new flow the child of the flow that expected it."""
        master = exp.master
        ct.status |= EXPECTED
        ct.master = master
        master.children += 1
        ct.mark = master.mark
        ct.secmark = master.secmark
        if exp.helper is not None:
            attach(ct, exp.helper)
        self.net.stat.expect_new += 1
