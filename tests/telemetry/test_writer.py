"""The thread that writes the log: what waits has a bound, and nobody waits for it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from service.telemetry.writer import CLOSE_WITHIN_S, MOST_BYTES, Writer
from tests.support.waiting import PATIENCE_S

LINE = "x" * 200
SCRIPT = """
import sys, structlog
from service.telemetry.log import configure, dropped
configure("info", "json")
log = structlog.get_logger("service.x")
for number in range({lines}):
    log.info("one", number=number, more="x" * {size})
print(dropped(), flush=True)
{end}
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: where it is read, and where it is written."""
    reading, writing = os.pipe()
    yield reading, writing
    for fd in (reading, writing):
        with suppress(OSError):
            os.close(fd)


def written(pipe: tuple[int, int], writer: Writer) -> list[str]:
    """All that it writes, read from now on."""
    with Path(f"/dev/fd/{pipe[0]}").open() as file, ThreadPoolExecutor() as other:
        os.close(pipe[0])
        reading = other.submit(file.read)
        writer.close(PATIENCE_S)
        os.close(pipe[1])
        return reading.result(PATIENCE_S).splitlines()


def put(writer: Writer, line: str) -> bool:
    """Whether it is taken."""
    before = writer.dropped
    writer.msg(line)
    return writer.dropped == before


def test_all_lines_come_in_order(pipe: tuple[int, int]):
    writer = Writer(pipe[1])
    for number in range(2_000):
        assert put(writer, f"{number} {LINE} é\udcff")
    assert written(pipe, writer) == [f"{number} {LINE} é\\udcff" for number in range(2_000)]
    assert writer.dropped == 0


def test_what_nobody_reads_is_bounded_and_counted(pipe: tuple[int, int]):
    writer = Writer(pipe[1])
    taken = [put(writer, LINE) for _ in range(50_000)]
    assert sorted(taken, reverse=True) == taken
    kept = sum(taken)
    assert MOST_BYTES // sys.getsizeof(LINE) <= kept <= 20_000
    assert writer.dropped == 50_000 - kept
    begun = monotonic()
    writer.close()
    assert CLOSE_WITHIN_S <= monotonic() - begun < CLOSE_WITHIN_S + 10
    assert written(pipe, writer) == [LINE] * kept


def test_lines_are_taken_again_once_some_are_read(pipe: tuple[int, int]):
    writer = Writer(pipe[1])
    while put(writer, LINE):
        pass
    while not put(writer, "last"):
        os.read(pipe[0], 4_096)
    assert written(pipe, writer)[-1] == "last"


def test_a_file_that_takes_nothing_counts_as_dropped():
    with Path("/dev/full").open("wb", buffering=0) as full:
        writer = Writer(full.fileno())
        for _ in range(100):
            writer.msg(LINE)
        writer.close(PATIENCE_S)
    assert writer.dropped == 100


def test_what_goes_wrong_with_a_line_does_not_end_the_thread(pipe: tuple[int, int]):
    writer = Writer(pipe[1], "no-encoding")
    for _ in range(100):
        writer.msg(LINE)
    writer.close(PATIENCE_S)
    assert writer.dropped == 100


def test_a_pipe_that_another_process_made_non_blocking_gets_every_line(pipe: tuple[int, int]):
    os.set_blocking(pipe[1], False)
    writer = Writer(pipe[1])
    for _ in range(1_000):
        assert put(writer, LINE)
    assert written(pipe, writer) == [LINE] * 1_000


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise KeyError"])
def test_the_last_lines_of_a_process_are_written(end: str):
    script = SCRIPT.format(lines=200, size=100, end=end)
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    lines = [json.loads(line) for line in told.stderr.splitlines() if line.startswith("{")]
    assert [line["number"] for line in lines] == list(range(200))
    assert ("KeyError" in told.stderr) is (end == "raise KeyError")


def unread(end: str) -> subprocess.Popen[str]:
    """A process that has logged more than fits, and then does this."""
    script = SCRIPT.format(lines=100_000, size=200, end=end)
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def test_a_process_tells_what_it_lost_when_somebody_reads_again():
    with unread("sys.stdin.read()") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        lost = int(process.stdout.readline())
        assert lost > 50_000
        for line in process.stderr:
            if json.loads(line)["number"] == 99_999 - lost:
                break
        process.stdin.close()
        (last,) = map(json.loads, process.stderr)
        assert (last["event"], last["level"], last["lines"]) == ("log.dropped", "warning", lost)
        assert process.wait(PATIENCE_S) == 0


def test_a_process_whose_log_nobody_ever_reads_ends_in_time():
    with unread("") as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 50_000
        assert process.wait(PATIENCE_S) == 0
