"""What replays share: the maximum of the conntrack table is one number for the whole machine.

The kernel compares it with the flows of each namespace by itself, so that a small one meets every namespace that has
as many flows. Whoever makes it small is alone with it: a file is locked, shared by every open ``Namespace``, and
exclusively by ``Alone``. A process of its own puts the maximum back, whatever ends the one that made it small.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from ctcore.errors import CtcoreError

MAXIMUM: Final = "/proc/sys/net/netfilter/nf_conntrack_max"
PATIENCE: Final = 60.0
"""Seconds that ``Alone`` waits for the replays that are under way; no other begins meanwhile."""

_FOLDER: Final = "/run/lock" if os.path.isdir("/run/lock") else tempfile.gettempdir()
_PAUSE: Final = 0.01
# It says that it is ready, waits until nobody holds the other end of its standard input, and then puts the value back.
_GUARD: Final = 'trap "" HUP INT TERM; echo; read -r _; echo "$1" >"$2"'

_alone = False  # this process has locked the file exclusively: its own namespaces need no lock


def share() -> int | None:
    """Wait until nobody is alone; returns a descriptor that keeps it so until it is closed, or None where this process
    is the one. Raises CtcoreError where the file cannot be opened."""
    if _alone:
        return None
    gate, lock = _open("gate"), _open("lock")
    try:
        fcntl.flock(gate, fcntl.LOCK_SH)  # behind somebody who waits to be alone
        fcntl.flock(lock, fcntl.LOCK_SH)
    except BaseException:
        os.close(lock)
        raise
    finally:
        os.close(gate)
    return lock


class Alone:
    """A context manager: no other process replays anything meanwhile, and the table's maximum may be made small.

    Namespaces of this process are to be opened inside. Raises CtcoreError where others do not finish in time.
    """

    def __init__(self) -> None:
        self._lock = -1

    def __enter__(self) -> Alone:
        global _alone
        gate, self._lock = _open("gate"), _open("lock")
        try:
            deadline = time.monotonic() + PATIENCE
            for descriptor in (gate, self._lock):
                while not _locked(descriptor):
                    if time.monotonic() > deadline:
                        raise CtcoreError(f"another replay through the kernel has been going on for {PATIENCE:.0f} s")
                    time.sleep(_PAUSE)
        except BaseException:
            os.close(self._lock)
            raise
        finally:
            os.close(gate)
        _alone = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        global _alone
        _alone = False
        os.close(self._lock)

    @contextlib.contextmanager
    def maximum(self, flows: int) -> Iterator[None]:
        """The machine's tables take no more than ``flows`` each (0: any number) inside the block.

        Raises CtcoreError where this process may not set it.
        """
        before = maximum()
        command = ("sh", "-c", _GUARD, "guard", str(before), MAXIMUM)
        # It keeps the lock, too, until it is done; and no signal meant for this process's group reaches it.
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,
        ) as guard:
            assert guard.stdout is not None
            guard.stdout.readline()
            try:
                Path(MAXIMUM).write_text(str(flows), encoding="ascii")
            except OSError as error:
                raise CtcoreError(f"nf_conntrack_max belongs to the whole machine: {error.strerror}") from None
            yield
        if maximum() != before:
            raise CtcoreError(f"nf_conntrack_max was {before} and could not be put back")


def maximum() -> int:
    """nf_conntrack_max. Raises CtcoreError where this kernel has none."""
    try:
        return int(Path(MAXIMUM).read_text(encoding="ascii"))
    except OSError:
        raise CtcoreError("this kernel lacks nf_conntrack") from None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(name: str) -> int:
    path = f"{_FOLDER}/ctcore-verify.{name}"
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CtcoreError(f"{path}: cannot be opened: {error.strerror}") from None
