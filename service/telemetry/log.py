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

from service.telemetry.lines import Direct, Handler, Lines
from service.telemetry.rendering import Format, common, rendered
from service.telemetry.throttle import Throttle
from service.telemetry.writer import Writer

_log = structlog.get_logger(__name__)

Level = Literal["debug", "info", "warning", "error"]

_HANDLER = "ringline"
# Named one by one: a logger with a level keeps its library from adding a handler, and uvicorn from
# lowering the level.
_LIBRARIES = (
    "asyncio", "engineio", "engineio.server", "picows", "socketio", "socketio.server", "uvicorn",
    "uvicorn.asgi", "uvicorn.error",
)  # fmt: skip


def configure(
    level: Level, fmt: Format = "auto", stream: TextIO | None = None, *, for_good: bool = False
) -> None:
    """Send every log line to `stream`, standard error unless told otherwise.

    A call below `level` costs almost nothing.

    Args:
        level: the least level written of the service's own lines.
        fmt: `json`, one object a line; `console`, for people; `auto`, by what `stream` is.
        stream: where lines go.
        for_good: this is called only once: loggers keep what they have looked up, and a thread
            writes to the file of `stream`. Otherwise the last call counts, and lines are written at
            once.
    """
    target = stream or sys.stderr
    rendering = rendered(fmt, target)
    lines: Lines = _queued(target) if for_good else Direct(target)
    _throttle.forget()
    set_level(level)
    structlog.configure(
        processors=[_throttle, structlog.contextvars.merge_contextvars, *common(), *rendering],
        wrapper_class=_Logger,
        logger_factory=lambda *_name: lines,
        cache_logger_on_first_use=for_good,
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
"""Those that are configured for good: one, once the process serves."""


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
    handler = Handler(lines)
    handler.name = _HANDLER
    handler.setFormatter(formatter)
    root.addHandler(handler)
