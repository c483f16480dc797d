"""The programs that the benchmark runs: ctcore's builds, the floor below every tracker, and the peers.

README.md beside this file says what each does for a packet.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from captures import Failure, Part
from measure import Job, Program, Totals

PEERS = Path(__file__).with_name("peers")
LIBRARY = [sys.executable, str(Path(__file__).with_name("library.py"))]
CTCORE = [sys.executable, "-m", "ctcore"]
COUNT = [*CTCORE, "count"]
UNLIMITED = ["--set", "nf_conntrack_max=0"]
COMPILED, PLAIN = "ctcore, compiled", "ctcore, plain Python"
BUILDS: Mapping[str, Mapping[str, str]] = {COMPILED: {"CTCORE_PURE": ""}, PLAIN: {"CTCORE_PURE": "1"}}


def version(environment: Mapping[str, str]) -> str:
    """What ``ctcore --version`` prints of a build."""
    done = subprocess.run([*CTCORE, "--version"], env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"ctcore does not run: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
    return done.stdout.strip()


def compiled(said: str) -> bool:
    """Whether that is the compiled build."""
    return bool(re.search(r"(?<!not )\bcompiled\b", said))


def builds() -> dict[str, str | None]:
    """The names of ctcore's builds, each with why it is missing here, or None."""
    found: dict[str, str | None] = {}
    for name, environment in BUILDS.items():
        said = version(environment)
        found[name] = None if compiled(said) == (name == COMPILED) else f"not installed: ctcore --version says {said!r}"
    return found


def ctcore(found: Mapping[str, str | None]) -> list[Program]:
    """``ctcore count`` of each build."""
    return [
        Program(
            name,
            "tracker",
            lambda job: [*COUNT, *UNLIMITED, str(job.part.path)],
            _accounted(BUILDS[name]),
            missing=problem,
            environment=BUILDS[name],
            grows=True,
        )
        for name, problem in found.items()
    ]


def _accounted(environment: Mapping[str, str]) -> Callable[[Job, str], Totals]:
    def totals(job: Job, printed: str) -> Totals:
        command = [*LIBRARY, str(job.part.path), "--account"]
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"{LIBRARY[-1]} failed: {done.stderr.strip().splitlines()[-1]}")
        return _three(job, done.stdout)

    return totals


def built(name: str, directory: Path, *libraries: str) -> tuple[str, str | None]:
    """Compile peers/NAME.c into the directory: the program, and why there is none, or None."""
    target = directory / name
    if not shutil.which("cc"):
        return str(target), "not built: there is no C compiler (cc)"
    command = ["cc", "-O2", "-o", str(target), str(PEERS / f"{name}.c"), *libraries]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return str(target), f"not built: {done.stderr.strip().splitlines()[0]}"
    return str(target), None


def floor(directory: Path) -> list[Program]:
    """Reading alone, and a bare hash table."""
    path, missing = built("floor", directory, "-lpcap")
    return [
        Program("libpcap, reading alone", "floor", lambda job: [path, "read", str(job.part.path)],
                lambda job, printed: (*_three(job, printed)[:2], None), missing=missing, grows=True),
        Program("bare hash table in C", "floor", lambda job: [path, "hash", str(job.part.path)], _three,
                missing=missing, grows=True),
    ]  # fmt: skip


def peers(python: str) -> list[Program]:
    """The peers; python: the interpreter that has NFStream, dpkt and scapy."""
    return [
        Program(
            "softflowd", "flow meter",
            lambda job: ["softflowd", "-d", "-r", str(job.part.path), "-m", str(4 * job.part.flows + 8192),
                         "-p", str(job.scratch / "pid"), "-c", "none"],
            _softflowd, _ways, "the two directions of an echo are two flows", _program("softflowd"), grows=True,
        ),
        Program(
            "nfpcapd", "flow meter",
            lambda job: ["nfpcapd", "-r", str(job.part.path), "-w", str(job.scratch), "-e", "3600,3600", "-t", "3600",
                         "-B", str(max(524288, 4 * job.part.flows))],
            _nfpcapd, _one_way, "each direction is a flow, and so is each echo", _program("nfpcapd"), grows=True,
        ),
        Program(
            "argus", "flow meter",
            lambda job: ["argus", "-r", str(job.part.path), "-w", str(job.scratch / "argus"), "-S", "36000"],
            _argus, lambda part: (part.truth["packets"], None, part.truth["tcp"] + part.truth["udp"]),
            "TCP and UDP flows only are compared: it makes several of an echo", _program("argus", "ra", "racount"),
        ),
        Program(
            "NFStream", "flow meter",
            lambda job: [python, str(PEERS / "nfstream_flows.py"), str(job.part.path)],
            _three, _pairs, "echoes between two hosts are one flow", _module(python, "nfstream"), grows=True,
        ),
        Program(
            "Suricata", "stateful tracker",
            lambda job: ["suricata", "-c", str(PEERS / "suricata.yaml"), "-r", str(job.part.path),
                         "-l", str(job.scratch), "--runmode", "single", "--disable-detection"],
            _suricata, _pairs, "echoes between two hosts are one flow", _program("suricata"), whole=True, grows=True,
        ),
        Program(
            "tcptrace", "stateful tracker", lambda job: ["tcptrace", "-n", str(job.part.path)],
            _tcptrace, lambda part: (part.truth["packets"], None, part.truth["tcp"]), "TCP only", _program("tcptrace"),
        ),
        Program(
            "tshark -z conv", "dissector",
            lambda job: ["tshark", "-n", "-q", "-r", str(job.part.path), "-z", "conv,tcp", "-z", "conv,udp"],
            _tshark, lambda part: (part.truth["packets"] - part.truth["icmp_packets"], None,
                                   part.truth["tcp"] + part.truth["udp"]),
            "conversations of TCP and UDP only", _program("tshark"),
        ),
        Program(
            "dpkt and a dictionary", "Python parser",
            lambda job: [python, str(PEERS / "dpkt_flows.py"), str(job.part.path)], _three,
            missing=_module(python, "dpkt"),
        ),
        Program(
            "scapy and a dictionary", "Python parser",
            lambda job: [python, str(PEERS / "scapy_flows.py"), str(job.part.path)], _three,
            missing=_module(python, "scapy"), slow=True,
        ),
    ]  # fmt: skip


def _program(*names: str) -> str | None:
    missing = [name for name in names if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else None


def _module(python: str, name: str) -> str | None:
    done = subprocess.run([python, "-c", f"import {name}"], capture_output=True)
    return f"not installed in {python}" if done.returncode else None


def _pairs(part: Part) -> Totals:
    known = part.truth
    return known["packets"], known["octets"], known["tcp"] + known["udp"] + known["icmp_pairs"]


def _ways(part: Part) -> Totals:
    known = part.truth
    return known["packets"], known["octets"], known["tcp"] + known["udp"] + known["icmp_ways"]


def _one_way(part: Part) -> Totals:
    known = part.truth
    return known["packets"], known["octets"], 2 * (known["tcp"] + known["udp"]) + known["icmp_packets"]


def _numbers(pattern: str, text: str) -> list[int]:
    """The sums of each group over all matches."""
    found = re.findall(pattern, text, re.MULTILINE)
    rows = [match if isinstance(match, tuple) else (match,) for match in found]
    return [sum(int(number) for number in column) for column in zip(*rows, strict=True)]


def _three(job: Job, printed: str) -> Totals:
    packets, octets, flows = _numbers(r"^(\d+) (\d+) (\d+)$", printed)
    return packets, octets, flows


def _softflowd(job: Job, printed: str) -> Totals:
    (flows,) = _numbers(r"^Flows expired: (\d+)", printed)
    octets, packets = _numbers(r"^ +\S+ \(\d+\): +(\d+) +(\d+)", printed)
    return packets, octets, flows


def _nfpcapd(job: Job, printed: str) -> Totals:
    flows, packets, octets = _numbers(r"Flows: (\d+), Packets: (\d+), Bytes: (\d+)", printed)
    return packets, octets, flows


def _argus(job: Job, printed: str) -> Totals:
    path = str(job.scratch / "argus")
    (packets,) = _numbers(r"^ *sum +\d+ +(\d+)", _answer("racount", "-r", path))
    protocols = _answer("ra", "-n", "-r", path, "-s", "proto").split()
    return packets, None, sum(name not in ("icmp", "man", "Proto") for name in protocols)


def _suricata(job: Job, printed: str) -> Totals:
    log = (job.scratch / "stats.log").read_text()
    counters = {name: int(value) for name, value in re.findall(r"^(\S+) +\| Total +\| (\d+)$", log, re.MULTILINE)}
    return counters.get("decoder.pkts"), None, counters.get("flow.total")


def _tcptrace(job: Job, printed: str) -> Totals:
    (packets,) = _numbers(r"^(\d+) packets seen", printed)
    return packets, None, len(re.findall(r"^ *\d+: ", printed, re.MULTILINE))


def _tshark(job: Job, printed: str) -> Totals:
    rows = [line.split() for line in printed.splitlines() if " <-> " in line]
    return sum(int(row[9]) for row in rows), None, len(rows)


def _answer(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def runnable(programs: Sequence[Program]) -> list[Program]:
    """Those that are not missing."""
    return [program for program in programs if program.missing is None]
