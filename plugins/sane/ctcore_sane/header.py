"""What the helper reads of SANE's network protocol (the SANE standard, 5): a request's beginning, an answer's."""

from __future__ import annotations

from typing import Final

from construct import Int16ub, Int32ub, Struct

from ctcore.headers import Header

NET_START: Final = 7  # SANE_NET_START: begin a scan
STATUS_GOOD: Final = 0

REQUEST: Final = Header(
    Struct(
        "code" / Int32ub,  # of the procedure that is called
        "handle" / Int32ub,  # of the scanner
    )
)

START_REPLY: Final = Header(
    Struct(
        "status" / Int32ub,
        "zero" / Int16ub,  # the upper half of a word whose lower half is the port
        "port" / Int16ub,
    )
)
