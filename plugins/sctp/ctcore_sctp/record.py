"""What conntrack remembers of an association."""

from __future__ import annotations

from ctcore_sctp.states import NONE


class SctpState:
    """The private state of a flow; lists have a place for each direction (0 original, 1 reply).

    ``vtag``               the verification tag that packets of the direction must bear; 0 while it is not known
    ``init``               true once an INIT of the direction offered a tag that was not known
    ``last_dir``           the direction of the last HEARTBEAT with another tag
    ``hb_vtag_failed``     such a HEARTBEAT awaits its answer
    """

    __slots__ = ("hb_vtag_failed", "init", "last_dir", "state", "vtag")

    def __init__(self) -> None:
        self.state = NONE
        self.vtag = [0, 0]
        self.init = [False, False]
        self.last_dir = 0
        self.hb_vtag_failed = False
