"""What clients are told in one turn of the event loop, written at its end.

A turn reads from many clients, and often several messages from one: trickled candidates come in
bursts. What that makes for one client goes out in one system call then, which costs more than
all else that is done for a message.
"""

import asyncio
from abc import ABC, abstractmethod
from weakref import WeakKeyDictionary

import structlog

_log = structlog.get_logger(__name__)


class Writer(ABC):
    """Writes to one client."""

    __slots__ = ()

    @abstractmethod
    def flush(self) -> None:
        """Write what this turn had for the client, all at once."""


class Outbox:
    """The writers of one event loop that have something to write."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[Writer] = []

    def add(self, writer: Writer) -> None:
        """Have it flushed at the end of this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(writer)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for writer in waiting:
            try:
                writer.flush()
            except Exception:  # noqa: BLE001 - the boundary: logged, and the others have theirs
                _log.exception("socket.write_failed")


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


def outbox() -> Outbox:
    """The running loop's."""
    loop = asyncio.get_running_loop()
    found = _of_loop.get(loop)
    if found is None:
        found = _of_loop[loop] = Outbox()
    return found
