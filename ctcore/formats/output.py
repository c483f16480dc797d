"""What ``-o`` asks for beside the format itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from ctcore.formats.labels import LabelMap
from ctcore.sysctl import SECOND


@dataclass(frozen=True, slots=True)
class Output:
    """The flags of ``conntrack -o``, and the names of the labels.

    ``extended``    begin lines with the network layer protocol
    ``id``          end lines with the flow's id
    ``timestamp``   tell when an event came
    ``ktimestamp``  tell when a flow began and ended
    ``labels``      tell a flow's labels by their names in ``labelmap``; without a map none is told

    Times of day are local ones, as conntrack's are: the environment variable TZ decides.
    """

    extended: bool = False
    id: bool = False
    timestamp: bool = False
    ktimestamp: bool = False
    labels: bool = False
    labelmap: LabelMap | None = None

    def label_names(self, bits: int | None) -> list[str] | None:
        """The names of label bits that are to be told; None where labels are not told at all."""
        if not self.labels or self.labelmap is None or bits is None:
            return None
        return list(self.labelmap.names(bits))


PLAIN: Final = Output()


def local_time(now: int) -> time.struct_time:
    """The local time of day at ``now`` (nanoseconds since the epoch)."""
    return time.localtime(now // SECOND)
