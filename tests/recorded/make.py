"""Ask the running kernel about every capture, under every setting: ``sudo python tests/recorded/make.py [NAME...]``.

With names of captures only these are made again. The project's captures are of honest traffic, to which few settings
matter. So some of the fuzzer's making are kept here beside the answers, where much is wrong on purpose.
"""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path
from typing import Final

from ctcore.sources import open_capture
from ctcore.verify.fuzz import profiles
from ctcore.verify.fuzz.profiles import helpers_of, packets_of
from ctcore.verify.recorded import Recorder, place
from ctcore.verify.sidebyside import replay
from ctcore.verify.sides import KernelJudge, Own, opened

HERE: Final = Path(__file__).parent
SETTINGS: Final[dict[str, dict[str, int]]] = {
    "defaults": {},
    "liberal": {"nf_conntrack_tcp_be_liberal": 1},
    "loose-off": {"nf_conntrack_tcp_loose": 0},
    "checksum-off": {"nf_conntrack_checksum": 0},
    "ignore-invalid-rst": {"nf_conntrack_tcp_ignore_invalid_rst": 1},
    "short-timeouts": {
        "nf_conntrack_generic_timeout": 23,
        "nf_conntrack_icmp_timeout": 15,
        "nf_conntrack_udp_timeout": 17,
        "nf_conntrack_udp_timeout_stream": 29,
        "nf_conntrack_tcp_timeout_syn_sent": 31,
        "nf_conntrack_tcp_timeout_syn_recv": 33,
        "nf_conntrack_tcp_timeout_established": 71,
        "nf_conntrack_tcp_timeout_fin_wait": 35,
        "nf_conntrack_tcp_timeout_close_wait": 37,
        "nf_conntrack_tcp_timeout_last_ack": 25,
        "nf_conntrack_tcp_timeout_time_wait": 27,
        "nf_conntrack_tcp_timeout_close": 19,
        "nf_conntrack_tcp_timeout_max_retrans": 43,
        "nf_conntrack_tcp_timeout_unacknowledged": 41,
    },
}

FUZZED: Final = {
    "fuzz-tcp.pcap": (102, {"tcp": 300, "tcp-close": 300}),
    "fuzz-sctp.pcap": (120, {"sctp": 150, "sctp-close": 150, "sctp6": 40}),
    "fuzz-tunnels.pcap": (102, {"gre": 90, "udplite": 90, "gre6": 30, "udplite6": 60}),
    "fuzz-others.pcap": (102, {"udp": 40, "generic": 30, "icmp": 80, "frag": 80, "options": 30}),
    "fuzz-6.pcap": (129, {"tcp6": 60, "udp6": 30, "generic6": 10, "icmp6": 120, "frag6": 160, "options6": 140}),
}
"""The seed, and the packets of each profile of the fuzzer, by capture: such that every planted fault is found."""

HELPED_SEEDS: Final = {"pptp": 106}
HELPED_SEED: Final = 102  # of the other helpers' profiles

_LINKTYPE_RAW: Final = 101
_START: Final = 1_700_000_000  # seconds since the epoch; a packet comes every millisecond


HELPED: Final[dict[str, tuple[str, ...]]] = {
    "ftp.pcap": ("ftp",),
    "ftp6.pcap": ("ftp",),
    "tftp.pcap": ("tftp",),
    "irc.pcap": ("irc",),
    "amanda.pcap": ("amanda",),
    "sip-udp.pcap": ("sip:udp",),
    "sip-tcp.pcap": ("sip:tcp",),
    "sip6.pcap": ("sip:udp",),
    "scan.pcap": ("sane",),
    "pptp.pcap": ("pptp",),
}
"""The captures that the kernel is asked about once more, with these helpers for new flows."""

HELPED_HERE: Final = HERE / "helpers"
HELPED_FUZZED: Final = {HELPED_HERE / f"fuzz-{name.replace(':', '-')}.pcap": name for name in profiles.HELPED}
"""Captures of the fuzzer's making, and the profile of each, that of a helper."""


def helped() -> dict[Path, tuple[str, ...]]:
    """The captures that there are recordings of with helpers, and the helpers."""
    real = {HERE.parent / "captures" / name: helpers for name, helpers in HELPED.items()}
    return {**real, **{path: helpers_of(profile) for path, profile in HELPED_FUZZED.items()}}


def captures() -> list[Path]:
    """Every capture that there are recordings of."""
    return sorted([*HERE.parent.glob("captures/*.pcap*"), *HERE.glob("*.pcap")])


def write_capture(path: Path, packets: list[bytes]) -> None:
    """Write IP packets to a pcap file, one a millisecond."""
    write_timed(path, [(number / 1000, packet) for number, packet in enumerate(packets)])


def write_timed(path: Path, packets: list[tuple[float, bytes]]) -> None:
    """Write IP packets, each with its time in seconds from the first on, to a pcap file."""
    with path.open("wb") as file:
        file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, _LINKTYPE_RAW))
        for when, packet in packets:
            seconds, micros = divmod(round(when * 1_000_000), 1_000_000)
            length = len(packet)
            file.write(struct.pack("=IIII", _START + seconds, micros, length, length) + packet)


def record(capture: Path, name: str) -> bool:
    """Record a capture under the settings of a name; returns whether ctcore agrees."""
    sysctls = SETTINGS[name]
    own = Own(sysctls)
    with open_capture(str(capture)) as source, opened(sysctls) as kernel:
        recorder = Recorder(KernelJudge(kernel, own.ethertypes), str(capture), sysctls)
        outcome = replay(source, recorder, own)
    recorder.save(place(HERE / name, str(capture)))
    return outcome.agrees


def record_helped(capture: Path, helpers: tuple[str, ...]) -> bool:
    """Record a capture with helpers for new flows; returns whether ctcore agrees."""
    own = Own({}, helpers=helpers)
    with open_capture(str(capture)) as source, opened({}, own.assignments) as kernel:
        recorder = Recorder(KernelJudge(kernel, own.ethertypes), str(capture), {}, helpers=helpers)
        outcome = replay(source, recorder, own)
    recorder.save(place(HELPED_HERE, str(capture)))
    return outcome.agrees


def make_helped(wanted: list[str]) -> None:
    """Make the wanted ones with helpers again, or all."""
    if not wanted:
        shutil.rmtree(HELPED_HERE, ignore_errors=True)
    HELPED_HERE.mkdir(exist_ok=True)
    for capture, helpers in helped().items():
        if wanted and capture.name not in wanted:
            continue
        if capture in HELPED_FUZZED:
            profile = HELPED_FUZZED[capture]
            write_capture(capture, packets_of(profile, HELPED_SEEDS.get(profile, HELPED_SEED), 1, 300))
        if not record_helped(capture, helpers):
            print(f"with helpers: {capture.name}: ctcore does not agree")


def main(wanted: list[str]) -> None:
    """Make the wanted ones again, or all, and name those with which ctcore does not agree."""
    for file, (seed, counts) in FUZZED.items():
        if wanted and file not in wanted:
            continue
        made = (packets_of(profile, seed, 1, count) for profile, count in counts.items())
        write_capture(HERE / file, [packet for packets in made for packet in packets])
    for name in SETTINGS:
        if not wanted:
            shutil.rmtree(HERE / name, ignore_errors=True)
        for capture in captures():
            if (not wanted or capture.name in wanted) and not record(capture, name):
                print(f"{name}: {capture.name}: ctcore does not agree")
    make_helped(wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
