#!/usr/bin/env python3
"""Record the captures of this folder: real programs in network namespaces, one small file a scenario.

usage: record.py [FILE...]   (all files by default; as root)
Needs Debian's iproute2, ethtool, nftables, util-linux, tcpdump, curl, dnsmasq-base, bind9-dnsutils,
iputils-ping, traceroute, vsftpd, atftpd, libusrsctp-examples, pptp-linux, pptpd, sip-tester, sane-utils,
samba and tshark, and a kernel with veth, bridge and TUN. Takes about three minutes.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import calls  # noqa: F401  (importing these registers their scenarios)
import connections  # noqa: F401
import datagrams  # noqa: F401
import ipv6  # noqa: F401
import mixed  # noqa: F401
import programs  # noqa: F401
import transfers  # noqa: F401
import tunnels  # noqa: F401
from lab import Network, Node, finish, hide_host_name
from scenario import SCENARIOS, Scenario

HERE = pathlib.Path(__file__).resolve().parent
# what ICMP quotes of a segment is cut off, so its checksum cannot be told
BAD = (
    "ip.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0"
    " || (!icmp && !icmpv6"
    " && (tcp.checksum.status == 0 || udp.checksum.status == 0 || sctp.checksum.status == 0))"
)
CHECKS = [word for protocol in ("ip", "tcp", "udp") for word in ("-o", f"{protocol}.check_checksum:TRUE")]
CHECKS += ["-o", "sctp.checksum:CRC-32c"]
LIMIT = 1_000_000


class Recorder:
    """tcpdump at one interface, from `listening on` until nothing more arrives."""

    def __init__(self, node: Node, scenario: Scenario, path: pathlib.Path) -> None:
        self._path = path
        self._process = node.start(
            "tcpdump",
            "-n",
            "-U",
            "-s",
            "0",
            "--immediate-mode",
            "-Z",
            "root",
            "-w",
            str(path),
            "-i",
            scenario.interface,
            *scenario.options,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "listening on" in line:
                return
        finish(self._process)

    def stop(self) -> None:
        """End once the file has not grown for 0.3 s; RuntimeError where a packet was missed."""
        size = -1
        while size != (size := self._path.stat().st_size):
            time.sleep(0.3)
        self._process.send_signal(signal.SIGINT)
        _, said = self._process.communicate(timeout=10)
        if "\n0 packets dropped by kernel" not in said:
            raise RuntimeError(f"{self._path.name}: tcpdump says {said!r}")


def record(scenario: Scenario, folder: pathlib.Path) -> pathlib.Path:
    """Run one scenario in a network of its own; the finished capture file, in this folder."""
    path = folder / scenario.file
    plain = path.with_suffix(".tmp")
    net = Network(scenario.middle, scenario.handling and scenario.handling(), scenario.ipv6)
    try:
        recorder = Recorder(net.point, scenario, plain)
        scenario.traffic(net)
        recorder.stop()
    finally:
        net.close()
    if scenario.format == "pcap":
        return plain.rename(path)
    subprocess.run(["editcap", "-F", scenario.format, str(plain), str(path)], check=True)
    return path


def frames(path: pathlib.Path, *options: str) -> int:
    """How many packets of a capture tshark shows."""
    command = ["tshark", "-n", "-r", str(path), *options]
    shown = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return len(shown.stdout.splitlines())


def check(path: pathlib.Path) -> int:
    """The number of packets; RuntimeError where there are none or one has a wrong checksum."""
    if wrong := frames(path, *CHECKS, "-Y", BAD):
        raise RuntimeError(f"{path.name}: {wrong} packets have a wrong checksum")
    if not (count := frames(path)):
        raise RuntimeError(f"{path.name}: empty")
    return count


def document(rows: dict[str, str]) -> None:
    """Put the rows, one a capture by its file name, in README.md's table; the other rows stay."""
    readme = HERE / "README.md"
    text = readme.read_text()
    old = {match[1]: match[0] for match in re.finditer(r"^\| (\S+\.pcap\w*) \|.*$", text, re.M)}
    table = "\n".join({**old, **rows}[s.file] for s in SCENARIOS if s.file in old or s.file in rows)
    head, _, rest = text.partition("| --- | --- | --- | --- |\n")
    tail = re.sub(r"\A(\|.*\n)*", "", rest)
    readme.write_text(f"{head}| --- | --- | --- | --- |\n{table}\n{tail}")


def main(wanted: list[str]) -> int:
    """Record the wanted captures, or all; the exit status."""
    if unknown := set(wanted) - {scenario.file for scenario in SCENARIOS}:
        print(f"record.py: there is no scenario for {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    hide_host_name()
    rows = {}
    with tempfile.TemporaryDirectory() as name:
        for scenario in SCENARIOS:
            if wanted and scenario.file not in wanted:
                continue
            began = time.monotonic()
            path = record(scenario, pathlib.Path(name))
            count = check(path)
            shutil.copyfile(path, HERE / scenario.file)
            rows[scenario.file] = f"| {scenario.file} | {scenario.shows} | {count} | {scenario.recorded} |"
            size, took = path.stat().st_size, time.monotonic() - began
            print(f"{scenario.file:24} {count:4} packets {size:7} bytes {took:5.1f} s")
    document(rows)
    total = sum(path.stat().st_size for path in HERE.glob("*.pcap*"))
    if total > LIMIT:
        print(f"record.py: the captures take {total} bytes, more than {LIMIT}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
