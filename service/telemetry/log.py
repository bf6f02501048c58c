"""Logs: structlog for ours, and the same pipeline for those of libraries.

Libraries never get below WARNING: at DEBUG the Socket.IO libraries write whole payloads, tokens
and SDP among them, and at INFO uvicorn writes addresses.
"""

import hashlib
import hmac
import logging
import socket
import sys
from typing import Literal, TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]
UserMode = Literal["plain", "hmac", "none"]

NODE = socket.gethostname()
"""This node's name."""
OURS = ("ringline", "service")
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
    "websockets",
)


def configure(level: Level, fmt: Format = "auto", stream: TextIO | None = None) -> None:
    """Send every log line to `stream`, standard error unless told otherwise.

    A call below `level` costs next to nothing. May be called again: the last call counts.

    Args:
        level: the least level written of the service's own lines.
        fmt: `json`, one object a line; `console`, for people; `auto`, by what `stream` is.
        stream: where lines go.
    """
    target = stream or sys.stderr
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # it would keep the level of the first use
    )
    _replace_handler(target, _formatter(_resolved(fmt, target), colours=target.isatty()))
    for name in OURS:
        logging.getLogger(name).setLevel(least)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(_not_of_a_refusal)


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


def _formatter(fmt: Format, *, colours: bool) -> logging.Formatter:
    render: list[Processor]
    if fmt == "console":
        # Not the library's default, which prints local variables, secrets among them.
        plain = structlog.dev.plain_traceback
        render = [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]
    else:
        render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_common()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )


def _replace_handler(stream: TextIO, formatter: logging.Formatter) -> None:
    root = logging.getLogger()
    for former in [handler for handler in root.handlers if handler.name == _HANDLER]:
        root.removeHandler(former)
    handler = logging.StreamHandler(stream)
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
