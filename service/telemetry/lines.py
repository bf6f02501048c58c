"""Where rendered lines go: to a stream at once, or to the thread that writes to it."""

import atexit
import contextlib
import logging
from typing import Protocol, TextIO

import structlog

from service.telemetry.writer import Writer

_log = structlog.get_logger(__name__)


class Lines(Protocol):
    """What takes rendered lines."""

    def msg(self, line: str) -> None:
        """Take one."""
        ...


class Direct:
    """To a stream, at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write it; a stream that takes none, such as that of a full disk, ends nothing else."""
        with contextlib.suppress(OSError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


class Queued:
    """To a thread that writes to a stream's file, until the process ends.

    Of lines that are dropped, the next one that is not is followed by their number.
    """

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream.fileno(), stream.encoding)
        self._told = 0
        atexit.register(self.close)

    @property
    def dropped(self) -> int:
        """How many lines were never written."""
        return self._writer.dropped

    def msg(self, line: str) -> None:
        """Queue it, or drop it when too much waits already."""
        if self._writer.put(line) and self._writer.dropped > self._told:
            self._tell()

    debug = info = warning = error = critical = msg

    def close(self) -> None:
        """Write what waits, for 2 s at the most."""
        if self._writer.dropped > self._told:
            self._tell()
        self._writer.close()

    def _tell(self) -> None:
        lost = self._writer.dropped - self._told
        self._told += lost
        _log.warning("log.dropped", lines=lost)
        if self._writer.dropped > self._told:  # this one did not fit either
            self._told -= lost


class Handler(logging.Handler):
    """What libraries log, rendered, goes the same way."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Render it, and pass it on, unless a processor drops it."""
        try:
            self._lines.msg(self.format(record))
        except structlog.DropEvent:
            return
        except Exception:  # noqa: BLE001 - as every handler of `logging` does
            self.handleError(record)
