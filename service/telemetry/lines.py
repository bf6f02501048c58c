"""Where log lines go: to a stream at once, or to a thread that writes to its file."""

import atexit
import contextlib
import logging
from typing import Protocol, TextIO

import structlog

from service.telemetry.writer import Writer

_log = structlog.get_logger(__name__)


class Lines(Protocol):
    """Takes lines of text."""

    def msg(self, line: str) -> None:
        """Take a line."""
        ...


class Direct:
    """Writes lines to a stream at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write the line; it is lost if the stream fails, for example on a full disk."""
        with contextlib.suppress(OSError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


class Queued:
    """Gives lines to a thread that writes to a stream's file, until the process ends.

    After lines were dropped, `log.dropped` says how many, once a line fits again.
    """

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream.fileno(), stream.encoding)
        self._told = 0
        atexit.register(self.close)

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._writer.dropped

    def msg(self, line: str) -> None:
        """Queue the line, or drop it when too many wait already."""
        if self._writer.put(line) and self._writer.dropped > self._told:
            self._tell()

    debug = info = warning = error = critical = msg

    def close(self) -> None:
        """Write the lines that wait, for 2 s at most."""
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
    """Takes what libraries log."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on the line as text, unless a processor drops it."""
        try:
            self._lines.msg(self.format(record))
        except structlog.DropEvent:
            return
        except Exception:  # noqa: BLE001 - as every handler of `logging` does
            self.handleError(record)
