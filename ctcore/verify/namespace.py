"""A network namespace of its own, in which the running kernel tracks what it is given and nothing else.

The namespace has no name: it lives as long as this process holds it open, so that it is gone when the work is
done, however the process ends. A thread enters it only for the length of a ``with`` block; sysctls, devices
and rules are touched only in there, which is what keeps the machine's own network out of reach.

Packets go in at one TUN device and come out at another one, as through a router. Nothing that the kernel
itself sends (ICMP errors, resets, IGMP) leaves the host or meets conntrack: a chain drops it where it starts.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Final

from ctcore.errors import CtcoreError, SysctlError
from ctcore.helper import Assignment
from ctcore.verify import machine, router

_CLONE_NEWNET: Final = 0x40000000
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A context manager: an isolated router that tracks connections, with these ``sysctls`` and ``helpers``.

    ``inner`` and ``outer`` are the file descriptors of the two TUN devices (non-blocking): what is written to
    ``inner`` arrives in the namespace, what the router sends on is read from ``outer``. Both carry the four
    bytes of packet information (flags, EtherType in network order) before the packet. ``loopback`` is a socket
    for what comes from the loopback interface instead. Raises CtcoreError where there is no root or the kernel
    lacks something, and SysctlError for a sysctl that it does not take.
    """

    def __init__(self, sysctls: Mapping[str, int | str] | None = None, helpers: Iterable[Assignment] = ()) -> None:
        self.sysctls = dict(sysctls or {})
        self.helpers = tuple(helpers)
        self.inner = self.outer = self._home = self._there = self._lock = -1
        self.loopback: socket.socket | None = None

    def __enter__(self) -> Namespace:
        try:
            self._create()
            lock = machine.share()
            self._lock = -1 if lock is None else lock
            with self.entered():
                self._furnish()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the namespace, so that the kernel removes all that is in it. Harmless when repeated."""
        if self.loopback is not None:
            self.loopback.close()
            self.loopback = None
        for name in ("inner", "outer", "_there", "_home", "_lock"):
            fd = getattr(self, name)
            setattr(self, name, -1)
            if fd >= 0:
                os.close(fd)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Run the block with the calling thread, and the programs that it starts, inside the namespace.

        Raises CtcoreError where it is not open, for then the block would run in the machine's own.
        """
        if self._there < 0:
            raise CtcoreError("the network namespace is not open")
        try:
            _setns(self._there)
            yield
        finally:
            _setns(self._home)

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program inside the namespace with ``text`` on its standard input; its output is captured."""
        with self.entered():
            return subprocess.run(command, input=text, capture_output=True, text=True, check=False)

    def set_sysctl(self, name: str, value: int | str) -> None:
        """Set a sysctl of the namespace: ``nf_conntrack_*`` by its bare name, others as ``net.…``.

        Raises SysctlError for a name or a value that this kernel does not take in a namespace.
        """
        with self.entered():
            _write_sysctl(name, value)

    def _create(self) -> None:
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _LIBC.unshare(_CLONE_NEWNET):
                raise _refusal(ctypes.get_errno())
            self._there = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            # Without the right to go back there was none to leave either.
            with contextlib.suppress(PermissionError):
                _setns(self._home)

    def _furnish(self) -> None:
        for name, value in router.SETTINGS.items():
            _write_sysctl(name, value)
        if os.path.isdir("/proc/sys/net/ipv6"):
            for name, value in router.SETTINGS_IPV6.items():
                _write_sysctl(name, value)
        self.inner, self.outer = router.tun("inner"), router.tun("outer")
        router.load_rules()  # first of all, for a device that comes up has the kernel send packets of its own
        router.load_helpers(self.helpers)
        router.choose_logger()
        router.connect()
        self.loopback = router.loopback()
        for name, wanted in self.sysctls.items():
            _write_sysctl(name, wanted)


def _setns(fd: int) -> None:
    if fd >= 0 and _LIBC.setns(fd, _CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _refusal(code: int) -> CtcoreError:
    if code == errno.EPERM:
        return CtcoreError("asking the running kernel needs root: a network namespace cannot be made without it")
    return CtcoreError(f"this kernel lacks network namespaces: {os.strerror(code)}")


def _write_sysctl(name: str, value: int | str) -> None:
    path = name.replace(".", "/") if "." in name else f"net/netfilter/{name}"
    if not path.startswith("net/") or ".." in path.split("/"):
        raise SysctlError(f"sysctl {name} does not belong to a network namespace")
    try:
        with open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
            file.write(str(value))
    except FileNotFoundError:
        raise SysctlError(f"this kernel has no sysctl {name}") from None
    except PermissionError:
        raise SysctlError(f"sysctl {name} belongs to the whole machine: a network namespace cannot set it") from None
    except OSError as error:
        raise SysctlError(f"sysctl {name} does not take the value {value}: {error.strerror}") from None
