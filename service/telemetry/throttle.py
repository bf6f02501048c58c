"""A limit on the lines that clients can cause: one a second of each kind.

docs/decisions/0026-a-log-that-nobody-waits-for.md.
"""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

_log = structlog.get_logger(__name__)

EVERY_S = 1.0
MOST_KINDS = 64
"""Kinds that are told apart within a second; those beyond are told apart by the event alone."""
KINDS: dict[str, tuple[str, ...]] = {
    "accept.lost": (),
    "auth.refresh_refused": ("reason",),
    "call.refused": ("code", "type"),
    "event.failed": ("client_event",),
    "http.failed": (),
    "memory.cut": (),
    "memory.enough": (),
    "memory.short": (),
    "origin.refused": (),
    "ratelimit.hit": ("scope",),
    "session.leave_failed": (),
    "socket.connect_failed": (),
    "socket.frame_failed": (),
    "socket.handshake_failed": (),
    "socket.protocol_error": ("rule",),
    "socket.receive_failed": (),
    "socket.rejected": ("code",),
    "socket.write_failed": (),
    "sweeper.failed": (),
    "task.failed": (),
}
"""Events that clients, or a fault of ours, can cause without limit, and the fields that tell their
kinds apart. The type of an exception does, too."""
_KIND = "_kind"

Kind = tuple[str, ...]


@dataclass(slots=True)
class _Recent:
    """A kind that was logged lately: until when it is held back, how many were, and the last."""

    until: float = 0.0
    held: int = 0
    method: str = ""
    last: EventDict = field(default_factory=dict)


class Throttle:
    """A structlog processor that holds lines back, also those of libraries.

    A line has in `more` how many of its kind were held back before it. The last one held back is
    logged at a tick. Lines at debug all pass.

    Args:
        clock: seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._recent: dict[Kind, _Recent] = {}

    def __call__(self, _logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
        """Pass the line on, or hold it back (`DropEvent`)."""
        kind = line.pop(_KIND, None) or _kind_of(line)
        if kind is None or method == "debug":
            return line
        now, recent = self._clock(), self._of(kind)
        if now < recent.until:
            recent.held += 1
            recent.method, recent.last = method, line
            line.pop("exc_info", None)  # it would keep the variables of its frames
            raise structlog.DropEvent
        recent.until = now + EVERY_S
        if recent.held:
            line["more"], recent.held = recent.held, 0
        return line

    def tick(self, *, last: bool = False) -> None:
        """Log lines that were held back for a second, and forget kinds of which there are none.

        Args:
            last: there is no later tick, so log all.
        """
        now = self._clock()
        for kind, recent in list(self._recent.items()):
            if now < recent.until and not last:
                continue
            recent.until = now
            if recent.held:
                recent.held -= 1
                getattr(_log, recent.method)(**_own(recent.last), **{_KIND: kind})
            if recent.until == now:  # nothing was held back, or the level has been raised meanwhile
                del self._recent[kind]

    def forget(self) -> None:
        """Forget every kind."""
        self._recent.clear()

    def _of(self, kind: Kind) -> _Recent:
        if kind not in self._recent and len(self._recent) >= MOST_KINDS:
            kind = kind[:1]
        return self._recent.setdefault(kind, _Recent())


def _kind_of(line: EventDict) -> Kind | None:
    record: logging.LogRecord | None = line.get("_record")
    if record is not None:  # a library's: the text without its arguments is the kind
        return record.name, str(record.msg).partition("\n")[0]
    event = line["event"]
    fields = KINDS.get(event)
    if fields is None:
        return None
    return event, *[str(line.get(name)) for name in fields], _fault(line.get("exc_info"))


def _fault(exc_info: Any) -> str:
    """The type of an exception that `exc_info` means; empty for none."""
    if isinstance(exc_info, BaseException):
        return type(exc_info).__name__
    return getattr(sys.exc_info()[0], "__name__", "") if exc_info else ""


def _own(line: EventDict) -> EventDict:
    """The line without the fields that `logging` and structlog add for each other."""
    return {name: value for name, value in line.items() if not name.startswith("_")}
