"""What the service in the test's own process logs."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from service.telemetry import log


@dataclass(frozen=True, slots=True)
class Lines:
    """What was logged, at debug and above."""

    stream: io.StringIO

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of this event, in order."""
        return [line for line in self.all() if line["event"] == event]

    def all(self) -> list[dict[str, Any]]:
        """Every line."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@contextmanager
def logged() -> Iterator[Lines]:
    """Everything that is logged from here on, at debug and above, in JSON."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, disabled = root.handlers[:], access.disabled
    stream = io.StringIO()
    log.configure("debug", "json", stream)
    try:
        yield Lines(stream)
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        access.disabled = disabled
