"""Captures in: sound, cut, corrupt, foreign and piped ones, built here byte by byte."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore.errors import CaptureError, FilterError
from ctcore.sources import Capture, open_capture
from ctcore.sources.capture import BATCH, RECORD
from ctcore.sources.faults import stopping_offset

UDP = bytes.fromhex("450000201234400040110000c0000201c633640100350035000c0000") + b"data"
ICMP = bytes.fromhex("4500001c1234400040010000c0000201c63364010800f7ff00000000")
ETHER = bytes(12) + b"\x08\x00"


def header(order: str = "<", magic: int = 0xA1B2C3D4, linktype: int = 1, snaplen: int = 65535) -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)


def record(frame: bytes, seconds: int = 1, fraction: int = 2, order: str = "<") -> bytes:
    return struct.pack(order + "IIII", seconds, fraction, len(frame), len(frame)) + frame


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(order: str = "<", linktype: int = 1, snaplen: int = 65535) -> bytes:
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen), order)


def enhanced(
    frame: bytes, order: str = "<", micros: int = 1_000_002, number: int = 0, caplen: int | None = None
) -> bytes:
    caplen = len(frame) if caplen is None else caplen
    fields = struct.pack(order + "IIIII", number, micros >> 32, micros & 0xFFFFFFFF, caplen, caplen)
    return block(6, fields + frame, order)


START = section() + interface()
FRAME = ETHER + UDP
REC = record(FRAME)
EPB = enhanced(FRAME)

Write = Callable[[bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(data: bytes) -> str:
        path = tmp_path / "x.pcap"
        path.write_bytes(data)
        return str(path)

    return put


def read(path: str, bpf: str | None = None) -> tuple[list[tuple[int, int, bytes]], str]:
    """Every packet that comes, and the message of the error that ends them, if one does."""
    got: list[tuple[int, int, bytes]] = []
    try:
        with open_capture(path, bpf) as capture:
            for packet in capture.packets():
                got.append(packet)
    except CaptureError as error:
        return got, str(error)
    return got, ""


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcap_of_either_byte_order(write: Write, order: str) -> None:
    got = read(write(header(order) + record(FRAME, 1_700_000_000, 123_456, order)))
    assert got == ([(1_700_000_000_123_456_000, 0x0800, UDP)], "")


def test_nanoseconds_are_cut_to_microseconds(write: Write) -> None:
    got = read(write(header(magic=0xA1B23C4D) + record(FRAME, 5, 123_456_789)))
    assert got == ([(5_123_456_000, 0x0800, UDP)], "")


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_of_either_byte_order(write: Write, order: str) -> None:
    micros = 1_700_000_000_123_456
    got = read(write(section(order) + interface(order) + enhanced(FRAME, order, micros)))
    assert got == ([(micros * 1000, 0x0800, UDP)], "")


def test_frames_without_a_packet_keep_their_number(write: Write) -> None:
    stp = bytes(12) + b"\x00\x26\x42\x42\x03" + bytes(35)
    got, error = read(write(header() + record(stp) + record(b"") + REC))
    assert not error
    assert [(kind, l3) for _, kind, l3 in got] == [(0, b""), (0, b""), (0x0800, UDP)]


@pytest.mark.parametrize(
    ("linktype", "link"),
    [
        (0, b"\x02\x00\x00\x00"),
        (1, ETHER),
        (1, bytes(12) + b"\x88\xa8\x00\x01\x81\x00\x00\x02\x08\x00"),
        (12, b""),
        (14, b""),
        (101, b""),
        (108, b"\x00\x00\x00\x02"),
        (113, bytes(14) + b"\x08\x00"),
        (228, b""),
        (276, b"\x08\x00" + bytes(18)),
    ],
)
def test_every_link_type_through_libpcap(write: Write, linktype: int, link: bytes) -> None:
    got, error = read(write(header(linktype=linktype) + record(link + UDP)))
    assert (got, error) == ([(1_000_002_000, 0x0800, UDP)], "")


def test_batches_and_their_index(write: Write) -> None:
    count = BATCH + 10
    with open_capture(write(header() + b"".join(record(FRAME, n) for n in range(count)))) as capture:
        batches = list(capture.batches())
    assert [len(index) // RECORD.size for _, index in batches] == [BATCH, 10]
    records = [entry for _, index in batches for entry in RECORD.iter_unpack(index)]
    assert [entry[0] for entry in records] == list(range(count))
    buffer, index = batches[1]
    assert [buffer[at : at + length] for _, _, at, length in RECORD.iter_unpack(index)] == [FRAME] * 10


def test_a_capture_without_packets_is_sound(write: Write) -> None:
    assert read(write(header())) == ([], "")


# What each bad file is, where it goes wrong, and a word of libpcap's reason.
BAD_FILES = {
    "cut in a packet": (header() + REC * 3 + REC[:-5], 24 + 3 * len(REC), 3, "captured bytes"),
    "cut in a record header": (header() + REC * 3 + REC[:7], 24 + 3 * len(REC), 3, "header bytes"),
    "absurd length": (header() + REC + record(b"")[:8] + b"\xff" * 60, 24 + len(REC), 1, "invalid packet"),
    "cut file header": (header()[:10], 0, 0, "file header bytes"),
    "foreign": (b"#!/bin/sh\necho hello world\n", 0, 0, "unknown file format"),
    "two bytes": (b"\xd4\xc3", 0, 0, "truncated"),
    "pcapng cut": (START + EPB * 2 + EPB[:-9], len(START) + 2 * len(EPB), 2, "truncated"),
    "pcapng cut in a block header": (START + EPB + EPB[:5], len(START) + len(EPB), 1, "truncated"),
    "pcapng cut interface": (section() + interface()[:9], len(section()), 0, "truncated"),
    "pcapng bad length": (
        START + EPB + struct.pack("<II", 6, 33) + EPB,
        len(START) + len(EPB),
        1,
        "multiple",
    ),
    "pcapng tiny length": (
        START + EPB + struct.pack("<II", 6, 4) + EPB,
        len(START) + len(EPB),
        1,
        "length of 4",
    ),
    "pcapng huge length": (
        START + EPB + struct.pack("<II", 6, 1 << 30) + EPB,
        len(START) + len(EPB),
        1,
        "maximum",
    ),
    "pcapng trailer": (START + EPB + EPB[:-4] + b"abcd" + EPB, len(START) + len(EPB), 1, "trailer"),
    "pcapng no such interface": (
        START + EPB + enhanced(FRAME, number=7),
        len(START) + len(EPB),
        1,
        "interface 7",
    ),
    "pcapng packet too long": (
        START + EPB + enhanced(FRAME, caplen=999),
        len(START) + len(EPB),
        1,
        "too short",
    ),
    "pcapng two link types": (
        START + EPB + interface(linktype=113) + EPB,
        len(START) + len(EPB),
        1,
        "different from the type",
    ),
    "pcapng packet first": (section() + EPB, len(section()), 0, "before any"),
    "pcapng simple packet too long": (
        START + EPB + block(3, struct.pack("<I", 400) + bytes(8)) + EPB,
        len(START) + len(EPB),
        1,
        "too short",
    ),
    "pcapng byte order changes": (START + EPB + section(">"), len(START) + len(EPB), 1, "pcapng"),
}


@pytest.mark.parametrize(("data", "offset", "sound", "reason"), BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.parametrize("bpf", [None, "", "udp"])
def test_bad_files(write: Write, data: bytes, offset: int, sound: int, reason: str, bpf: str | None) -> None:
    """The packets before the fault come first, then one sentence: file, offset, libpcap's reason."""
    path = write(data)
    got, error = read(path, bpf)
    assert [l3 for _, _, l3 in got] == [UDP] * sound
    assert error.startswith(f"{path}: ")
    assert f" at byte {offset}" in error
    assert reason in error
    assert "\n" not in error


def test_a_fault_after_many_batches_loses_nothing(write: Write) -> None:
    count = 2 * BATCH + 77
    data = header() + b"".join(record(FRAME, n) for n in range(count))
    got, error = read(write(data + REC[:-1]))
    assert [time_ns // 1_000_000_000 for time_ns, _, _ in got] == list(range(count))
    assert f"reading stopped at byte {len(data)} of {len(data) + len(REC) - 1}: truncated" in error


def test_a_fault_behind_a_filter_is_found_at_its_true_offset(write: Write) -> None:
    data = header() + REC * 5 + record(ETHER + ICMP) + REC * 5
    got, error = read(write(data + REC[:-1]), "icmp")
    assert [l3 for _, _, l3 in got] == [ICMP]
    assert f"at byte {len(data)} of" in error


def test_times_of_64_bits_are_cut_alike_before_and_after_a_fault(write: Write) -> None:
    late = enhanced(FRAME, micros=(1 << 32) * 1_000_000 + 7_000_005)
    whole, _ = read(write(START + late))
    cut, error = read(write(START + late + EPB[:-1]))
    assert error
    assert whole == cut == [(7_000_005_000, 0x0800, UDP)]


def test_a_fault_that_does_not_show_in_the_framing(write: Write) -> None:
    path = write(section())
    assert read(path)[1] == (
        f"{path}: reading stopped at or before byte 28 of 28: the capture file has no Interface Description Blocks"
    )


def test_empty_file(write: Write) -> None:
    path = write(b"")
    assert read(path) == ([], f"{path}: the file is empty, reading stopped at byte 0")


@pytest.mark.parametrize(
    ("pack", "packer", "unpack"),
    [(gzip.compress, "gzip", "zcat"), (bz2.compress, "bzip2", "bzcat"), (lzma.compress, "xz", "xzcat")],
)
def test_packed_files_say_how_to_unpack(
    tmp_path: Path, pack: Callable[[bytes], bytes], packer: str, unpack: str
) -> None:
    path = tmp_path / "a b.packed"
    path.write_bytes(pack(header() + REC))
    assert read(str(path))[1] == (
        f"{path}: packed with {packer}, which libpcap cannot read: use `{unpack} '{path}' | ctcore ... -`"
    )


def test_missing_file(tmp_path: Path) -> None:
    path = str(tmp_path / "none.pcap")
    assert read(path)[1] == f"{path}: cannot be opened: No such file or directory"


def test_directory(tmp_path: Path) -> None:
    assert read(str(tmp_path))[1] == f"{tmp_path}: a directory, not a capture"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so it steps down meanwhile."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_permission(write: Write) -> None:
    path = write(header() + REC)
    os.chmod(path, 0)
    with as_nobody():
        assert read(path)[1] == f"{path}: cannot be opened: Permission denied"


def test_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        assert read(path)[1] == f"{path}: cannot be opened: No such device or address"


@pytest.mark.parametrize("name", ["nul\0byte", "not-utf8-\udcff"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    if "\0" not in name:
        (tmp_path / name).write_bytes(header() + REC)
    _, error = read(str(tmp_path / name))
    assert error.isascii()
    assert "no file name" in error


def test_device_with_nothing_in_it() -> None:
    assert read("/dev/null") == ([], "/dev/null: nothing came, reading stopped at byte 0")


def test_unknown_link_type(write: Write) -> None:
    path = write(header(linktype=105) + REC)
    assert read(path)[1] == f"{path}: link type 105 (IEEE802_11) is none that ctcore can read"


def test_filter(write: Write) -> None:
    got, error = read(write(header() + REC + record(ETHER + ICMP) + REC), "icmp")
    assert ([l3 for _, _, l3 in got], error) == ([ICMP], "")


@pytest.mark.parametrize(
    ("bpf", "reason"),
    [
        ("tcp and", "syntax error"),
        ("port 99999", "99999"),
        ("a\0b", "null character"),
        ("\udcff", "surrogates"),
    ],
)
def test_bad_filter(write: Write, bpf: str, reason: str) -> None:
    with pytest.raises(FilterError, match=reason) as caught:
        open_capture(write(header() + REC), bpf)
    assert str(caught.value).startswith(f"libpcap filter {bpf!r}: ")


def test_size_and_position_of_a_file(write: Write) -> None:
    data = header() + REC * (3 * BATCH)
    with open_capture(write(data), "icmp or udp") as capture:
        assert capture.size == len(data)
        positions = [capture.position for _ in capture.batches()]
    assert positions == sorted(positions)
    assert 0 < positions[0] < positions[1] < len(data)
    assert positions[-1] == capture.position == len(data)
    capture.close()


# Pipes.


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


@contextmanager
def feeding(path: str, data: bytes, linger: int = 0) -> Iterator[None]:
    """Another process writes ``data`` into a named pipe, then keeps it open for ``linger`` seconds.

    A process and not a thread: libpcap opens a pipe without letting go of the interpreter.
    """
    source = Path(path).with_name("source")
    source.write_bytes(data)
    script = 'exec 3>"$1"; cat "$2" >&3; exec sleep "$3"'
    with subprocess.Popen(["sh", "-c", script, "sh", path, str(source), str(linger)]) as process:
        try:
            yield
        finally:
            process.kill()


def test_pipe(fifo: str) -> None:
    count = BATCH + 5
    data = header() + b"".join(record(FRAME, n) for n in range(count))
    with feeding(fifo, data), open_capture(fifo) as capture:
        assert capture.size is None
        times = [time_ns for time_ns, _, _ in capture.packets()]
        assert capture.position == 24 + count * len(REC)
    assert times == [n * 1_000_000_000 + 2000 for n in range(count)]


def test_pipe_hands_on_what_came_before_it_waits(fifo: str) -> None:
    start = time.monotonic()
    got = 0
    with feeding(fifo, header() + REC * 3, linger=30), open_capture(fifo) as capture:
        for _, index in capture.batches():
            got += len(index) // RECORD.size
            if got == 3:
                break
    assert got == 3
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    ("data", "sound", "message"),
    [
        (
            header() + REC * 2 + REC[:-5],
            2,
            f"reading stopped at or after byte {24 + 2 * len(REC)}: truncated",
        ),
        (START + EPB * 2 + EPB[:-9], 2, f"reading stopped at or after byte {24 + 2 * len(REC)}: truncated"),
        (header() + REC[:5], 0, "reading stopped at or after byte 24: truncated"),
        (b"", 0, "nothing came, reading stopped at byte 0"),
        (
            b"no capture at all",
            0,
            "no pcap or pcapng capture, or a packed one, reading stopped at byte 0: unknown",
        ),
    ],
)
def test_bad_pipe(fifo: str, data: bytes, sound: int, message: str) -> None:
    with feeding(fifo, data):
        got, error = read(fifo)
    assert [l3 for _, _, l3 in got] == [UDP] * sound
    assert error.startswith(f"{fifo}: {message}")


# Standard input, which only a process of its own has to spare.

SHOW = """
import sys
from ctcore.errors import CaptureError
from ctcore.sources import open_capture
try:
    with open_capture("-", *sys.argv[1:]) as capture:
        print(capture.name, capture.size)
        for packet in capture.packets():
            print(*packet)
except CaptureError as error:
    print("error:", error)
"""


def show(*args: str, **stdin: object) -> list[str]:
    command = [sys.executable, "-c", SHOW, *args]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60, **stdin)  # type: ignore[call-overload]
    lines: list[str] = done.stdout.decode().splitlines()
    return lines


def test_stdin_pipe() -> None:
    lines = show("udp", input=header() + REC + record(ETHER + ICMP) + REC)
    assert lines == ["standard input None", *[f"1000002000 2048 {UDP!r}"] * 2]


def test_stdin_file_is_as_good_as_the_file(write: Write) -> None:
    data = header() + REC + REC[:-1]
    with open(write(data), "rb") as file:
        lines = show(stdin=file)
    assert lines[:2] == [f"standard input {len(data)}", f"1000002000 2048 {UDP!r}"]
    assert lines[2].startswith(f"error: standard input: reading stopped at byte {24 + len(REC)} of {len(data)}: ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "nothing came, reading stopped at byte 0"),
        (
            b"x" * 99,
            "no pcap or pcapng capture, or a packed one, reading stopped at byte 0: unknown file format",
        ),
    ],
)
def test_stdin_that_is_no_capture(data: bytes, message: str) -> None:
    assert show(input=data) == [f"error: standard input: {message}"]


def test_stdin_packed_file(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(header() + REC))
    with open(path, "rb") as file:
        (line,) = show(stdin=file)
    assert line == (
        "error: standard input: packed with gzip, which libpcap cannot read: use `zcat /dev/stdin | ctcore ... -`"
    )


def test_stdin_terminal() -> None:
    ours, theirs = os.openpty()
    try:
        lines = show(stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert lines == ["error: standard input: a terminal, not a capture: pipe one in"]


# Any bytes whatever.

SPLICED = st.sampled_from([header(), REC, START, section(), interface(), EPB, record(b""), header(">"), section(">")])


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(SPLICED | st.binary(max_size=40), max_size=10), bpf=st.sampled_from([None, "udp"]))
def test_any_file_is_read_or_refused_with_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], bpf: str | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pcap"
    path.write_bytes(b"".join(pieces))
    _, error = read(str(path), bpf)
    assert not error or (error.startswith(f"{path}: ") and "\n" not in error)


@settings(max_examples=500, deadline=None)
@given(st.lists(SPLICED | st.binary(max_size=40), max_size=10).map(b"".join))
def test_the_walk_ends_inside_any_file(data: bytes) -> None:
    assert 0 <= stopping_offset(io.BytesIO(data)) <= len(data)


def test_a_capture_is_what_open_capture_returns(write: Write) -> None:
    with open_capture(write(header() + REC)) as capture:
        assert isinstance(capture, Capture)
        assert (capture.linktype, capture.decap(FRAME, 0, len(FRAME))) == (1, 14 << 16 | 0x0800)
