"""Where log lines go: to a stream at once, or to a `Writer`; and how those of libraries come."""

import contextlib
import logging
from typing import Protocol, TextIO

import structlog


class Lines(Protocol):
    """Takes lines of text."""

    def msg(self, line: str) -> None:
        """Take a line."""


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
