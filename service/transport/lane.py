"""One lane a session: its events are handled one at a time, in the order sent."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

MOST_ENTRIES = 256
MOST_BYTES = 256 * 1024


class Sized(Protocol):
    """What a lane carries."""

    @property
    def size(self) -> int:
        """How much it weighs, in bytes."""
        ...


Entry = TypeVar("Entry", bound=Sized)


class Lane(Generic[Entry]):
    """A first-in-first-out queue with one worker, which lives only while there is work.

    `handle` must not raise: what goes wrong with an event is answered to its sender.
    """

    __slots__ = ("_bytes", "_entries", "_handle", "_room", "_worker")

    def __init__(self, handle: Callable[[Entry], Awaitable[None]]) -> None:
        self._handle = handle
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._worker: asyncio.Task[None] | None = None
        self._room: asyncio.Event | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being handled."""
        return not self._entries

    @property
    def crowded(self) -> bool:
        """Whether no more should be read from the client for now."""
        return len(self._entries) >= MOST_ENTRIES or self._bytes >= MOST_BYTES

    def put(self, entry: Entry) -> None:
        """Queue an entry behind the others."""
        self._entries.append(entry)
        self._bytes += entry.size
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def room(self) -> None:
        """Wait until the lane is not crowded."""
        while self.crowded:
            self._room = self._room or asyncio.Event()
            await self._room.wait()

    async def emptied(self) -> None:
        """Wait until everything queued so far, and since, has been handled."""
        if self._worker is not None:
            await asyncio.shield(self._worker)  # who tires of waiting stops nothing

    async def _work(self) -> None:
        while self._entries:
            # The entry stays in the queue while it is handled: the lane is not idle before.
            await self._handle(self._entries[0])
            self._bytes -= self._entries.popleft().size
            if self._room is not None and not self.crowded:
                self._room.set()
                self._room = None
        self._worker = None
