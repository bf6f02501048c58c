"""Logs: structlog for ours, and the same for those of libraries; lines.py has them written.

Libraries never get below WARNING: at DEBUG the Socket.IO libraries write whole payloads, tokens
and SDP among them, and at INFO uvicorn writes addresses.
"""

import atexit
import hashlib
import hmac
import json
import logging
import socket
import sys
from typing import Any, Literal, TextIO

import msgspec
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from service.telemetry.lines import Direct, Handler, Lines, Queued
from service.telemetry.refusals import Refusals

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]
UserMode = Literal["plain", "hmac", "none"]

NODE = socket.gethostname()
"""This node's name."""
_HANDLER = "ringline"
_PSEUDONYM_DIGITS = 16
# Named one by one: a level of its own keeps a library from adding a handler of its own, and
# uvicorn from lowering it.
_LIBRARIES = (
    "asyncio",
    "engineio",
    "engineio.server",
    "picows",
    "socketio",
    "socketio.server",
    "uvicorn",
    "uvicorn.asgi",
    "uvicorn.error",
)


def configure(
    level: Level, fmt: Format = "auto", stream: TextIO | None = None, *, for_good: bool = False
) -> None:
    """Send every log line to `stream`, standard error unless told otherwise.

    A call below `level` costs next to nothing.

    Args:
        level: the least level written of the service's own lines.
        fmt: `json`, one object a line; `console`, for people; `auto`, by what `stream` is.
        stream: where lines go.
        for_good: nobody calls this again, so that a logger need look things up only once, and a
            thread writes to the file that `stream` is; otherwise the last call counts, and lines
            are written at once.
    """
    target = stream or sys.stderr
    rendered = _rendered(_resolved(fmt, target), colours=target.isatty())
    lines: Lines = _queued(target) if for_good else Direct(target)
    _refusals.forget()
    set_level(level)
    structlog.configure(
        processors=[_refusals, structlog.contextvars.merge_contextvars, *_common(), *rendered],
        wrapper_class=_Logger,
        logger_factory=lambda *_name: lines,
        cache_logger_on_first_use=for_good,
    )
    _replace_handler(lines, rendered)
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
    """How many lines were never written: nobody reads them, or the disk is full."""
    return sum(lines.dropped for lines in _of_process)


async def tick() -> None:
    """Tell of what was held back."""
    _refusals.tick()


_refusals = Refusals()
_of_process: list[Queued] = []
"""What is configured for good: one, once the process serves."""


def _queued(stream: TextIO) -> Queued:
    lines = Queued(stream)
    atexit.register(_refusals.tick, last=True)  # what is registered last runs first
    _of_process.append(lines)
    return lines


class _Logger(structlog.BoundLoggerBase):
    """What has the methods of structlog's filtering logger for the level that is set.

    Loggers are looked up once and kept, so that another level has to be another method of theirs.
    """


def _not_of_a_refusal(record: logging.LogRecord) -> bool:
    """Handshakes that the gate refuses are told as `socket.rejected`; uvicorn sees a fault."""
    return record.msg != "ASGI callable returned without completing handshake."


def _resolved(fmt: Format, stream: TextIO) -> Format:
    if fmt != "auto":
        return fmt
    return "console" if stream.isatty() else "json"


def _common() -> list[Processor]:
    """What every line gets, ours or not: level, time (ISO 8601, UTC), node, and its trace."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        _add_node,
        _add_span,
    ]


def _add_node(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line.setdefault("node", NODE)
    return line


def _add_span(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """The current span, where one is sampled; a line that names another trace keeps that."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid and span.trace_flags.sampled:
        current = trace.format_trace_id(span.trace_id)
        if line.setdefault("trace_id", current) == current:
            line["span_id"] = trace.format_span_id(span.span_id)
    return line


def _rendered(fmt: Format, *, colours: bool) -> list[Processor]:
    if fmt == "console":
        # Not the library's default, which prints local variables, secrets among them.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]


def _json(line: EventDict, **options: Any) -> str:
    """In a third of the time of `json`, which takes what no UTF-8 can hold."""
    try:
        return msgspec.json.encode(line, enc_hook=repr).decode()
    except UnicodeEncodeError:
        return json.dumps(line, **options)


def _replace_handler(lines: Lines, rendered: list[Processor]) -> None:
    root = logging.getLogger()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, _refusals, *_common()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )
    for former in [handler for handler in root.handlers if handler.name == _HANDLER]:
        root.removeHandler(former)
    handler = Handler(lines)
    handler.name = _HANDLER
    handler.setFormatter(formatter)
    root.addHandler(handler)


class UserNames:
    """How users stand in logs, as `RINGLINE_LOG_USER` says.

    Args:
        mode: `plain` shows the id, `hmac` a keyed hash of it, `none` nothing.
        key: what the hash is keyed with; the same key gives a user the same pseudonym.
    """

    def __init__(self, mode: UserMode, key: bytes) -> None:
        self._mode = mode
        self._key = key

    def __call__(self, user: str) -> str | None:
        """What a log line may show of this user: 16 hexadecimal digits when hashed."""
        if self._mode == "none":
            return None
        if self._mode == "plain":
            return user
        digest = hmac.digest(self._key, user.encode(), hashlib.sha256)
        return digest.hex()[:_PSEUDONYM_DIGITS]
