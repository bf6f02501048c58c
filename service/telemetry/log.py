"""Logs, the service's own by structlog and those of libraries in the same form.

Libraries log at WARNING and above: at DEBUG the Socket.IO libraries write whole payloads, with
tokens and SDP, and at INFO uvicorn writes addresses.
"""

import atexit
import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

from service.telemetry.rendering import Format, common, rendered
from service.telemetry.throttle import Throttle
from service.telemetry.writer import Writer

_log = structlog.get_logger(__name__)

Level = Literal["debug", "info", "warning", "error"]
Lines = structlog.WriteLogger | Writer

_HANDLER = "ringline"
# Named one by one: a logger with a level keeps its library from adding a handler, and uvicorn from
# lowering the level.
_LIBRARIES = (
    "asyncio", "engineio", "engineio.server", "picows", "socketio", "socketio.server", "uvicorn",
    "uvicorn.asgi", "uvicorn.error",
)  # fmt: skip


def configure(level: Level, fmt: Format = "auto", stream: TextIO | None = None) -> None:
    """Send every log line to standard error, from a thread and for good.

    A call below `level` costs almost nothing, as loggers keep what they have looked up.

    Args:
        level: the least level written of the service's own lines.
        fmt: `json`, one object a line; `console`, for people; `auto`, by where lines go.
        stream: takes the lines at once, instead, until this is called again.
    """
    rendering = rendered(fmt, stream or sys.stderr)
    lines = structlog.WriteLogger(stream) if stream else _queued(sys.stderr)
    _throttle.forget()
    set_level(level)
    structlog.configure(
        processors=[_throttle, structlog.contextvars.merge_contextvars, *common(), *rendering],
        wrapper_class=_Logger,
        logger_factory=lambda *_name: lines,
        cache_logger_on_first_use=stream is None,
    )
    _replace_handler(lines, rendering)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(_not_of_a_refusal)


def set_level(level: Level) -> None:
    """Write the service's own lines of this level and above, from now on."""
    least = logging.getLevelNamesMapping()[level.upper()]
    for name, method in vars(structlog.make_filtering_bound_logger(least)).items():
        if not name.startswith("__"):
            setattr(_Logger, name, method)


def dropped() -> int:
    """How many lines were not written, since nobody reads them or the disk is full."""
    return sum(writer.dropped for writer in _of_process)


async def tick() -> None:
    """Log what the throttle has held back, and how many lines were not written."""
    _throttle.tick()
    for writer in _of_process:
        _tell_dropped(writer)


_throttle = Throttle()
_of_process: list[Writer] = []
"""The writer to standard error, once there is one."""


def _queued(stream: TextIO) -> Writer:
    writer = Writer(stream.fileno(), stream.encoding)
    _of_process.append(writer)
    atexit.register(_end, writer)
    return writer


def _end(writer: Writer) -> None:
    """Write what is left to be told; lines that wait take 2 s at most."""
    _throttle.tick(last=True)
    _tell_dropped(writer)
    writer.close()


def _tell_dropped(writer: Writer) -> None:
    lost = writer.dropped - writer.told
    if lost:
        _log.warning("log.dropped", lines=lost)
        if writer.dropped == writer.told + lost:  # else this one did not fit either
            writer.told += lost


class _Logger(structlog.BoundLoggerBase):
    """Has the methods of structlog's filtering logger for the level that is set.

    Loggers are looked up once and kept, so that a new level must replace their methods.
    """


class _Handler(logging.Handler):
    """Takes what libraries log."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self.name = _HANDLER
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on the line as text, unless a processor drops it."""
        try:
            self._lines.msg(self.format(record))
        except structlog.DropEvent:
            return
        except Exception:  # noqa: BLE001 - as every handler of `logging` does
            self.handleError(record)


def _not_of_a_refusal(record: logging.LogRecord) -> bool:
    """Drop what uvicorn says of a refused handshake, which is logged as `socket.rejected`."""
    return record.msg != "ASGI callable returned without completing handshake."


def _replace_handler(lines: Lines, rendering: list[Processor]) -> None:
    root = logging.getLogger()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, _throttle, *common()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    for former in [handler for handler in root.handlers if handler.name == _HANDLER]:
        root.removeHandler(former)
    handler = _Handler(lines)
    handler.setFormatter(formatter)
    root.addHandler(handler)
