"""What every log line has, and how it is written as text."""

import json
import socket
from typing import Any, Literal, TextIO

import msgspec
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["auto", "json", "console"]

_NODE = socket.gethostname()


def common() -> list[Processor]:
    """Add to every line its level, time (ISO 8601, UTC), node and trace."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        _add_node,
        _add_span,
    ]


def _add_node(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line.setdefault("node", _NODE)
    return line


def _add_span(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Name the current span, if it is sampled; a line that names another trace keeps that."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid and span.trace_flags.sampled:
        current = trace.format_trace_id(span.trace_id)
        if line.setdefault("trace_id", current) == current:
            line["span_id"] = trace.format_span_id(span.span_id)
    return line


def rendered(fmt: Format, stream: TextIO) -> list[Processor]:
    """Turn a line into text."""
    if fmt == "console" or (fmt == "auto" and stream.isatty()):
        # The library's default prints local variables, which hold secrets.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]


def _json(line: EventDict, **options: Any) -> str:
    """By msgspec, in a third of the time; by `json` where a text cannot be written as UTF-8."""
    try:
        return msgspec.json.encode(line, enc_hook=repr).decode()
    except UnicodeEncodeError:
        return json.dumps(line, **options)
