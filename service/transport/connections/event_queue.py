"""A connection's events wait in one queue and are handled one at a time, in the order sent."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Generic, Protocol, TypeVar

from service.pace import TURN_S
from service.tasks import Work
from service.transport.connections.workers import Workers

MOST_ENTRIES = 256
MOST_BYTES = 256 * 1024
MOST_UNJOINED_BYTES = 64 * 1024
"""The same before the join: connections that have not joined are more than sessions may be."""
IN_A_TURN = 32
"""Entries that are handled before all other queues have a turn; fewer, where they take 5 ms."""


class Sized(Protocol):
    """An entry of a queue."""

    @property
    def size(self) -> int:
        """How much it weighs, in bytes."""


Entry = TypeVar("Entry", bound=Sized)


class EventQueue(Generic[Entry]):
    """A first-in-first-out queue, which workers serve while it is not empty.

    `handle` does what needs no waiting and returns the rest, if there is any, to be awaited.
    Neither may raise: what goes wrong with an event is answered to its sender.
    """

    __slots__ = ("_empty", "_entries", "_handle", "_room", "_workers", "idle", "most_bytes", "size")

    def __init__(self, handle: Callable[[Entry], Work | None], workers: Workers) -> None:
        self._handle = handle
        self._workers = workers
        self._entries: deque[Entry] = deque()
        self.idle = True
        """Whether nothing waits and nothing is being handled."""
        self.size = 0
        """Bytes that wait, or are being handled."""
        self.most_bytes = MOST_UNJOINED_BYTES
        """From how many bytes on no more should be read."""
        self._room: asyncio.Event | None = None
        self._empty: asyncio.Event | None = None

    @property
    def crowded(self) -> bool:
        """Whether no more should be read from the client for now."""
        return len(self._entries) >= MOST_ENTRIES or self.size >= self.most_bytes

    def end(self) -> None:
        """Nothing more is put in; the handler is let go of, for it may hold this queue."""
        self._handle = lambda _entry: None

    def put(self, entry: Entry, begun: Work | None = None) -> None:
        """Queue an entry behind the others.

        `begun` is what is left of one that is begun, because nothing is before it.
        """
        was_idle, self.idle = self.idle, False
        self._entries.append(entry)
        self.size += entry.size
        if begun is not None:
            self._workers.tasks.start(self._go_on(begun))
        elif was_idle:
            self._workers.serve(self.work)

    async def room(self) -> None:
        """Wait until the queue is not crowded."""
        while self.crowded:
            self._room = self._room or asyncio.Event()
            await self._room.wait()

    async def emptied(self) -> None:
        """Wait until everything queued so far, and since, has been handled."""
        while self._entries:
            self._empty = self._empty or asyncio.Event()
            await self._empty.wait()

    async def work(self) -> bool:
        """Handle entries for one turn; whether there are more. Only workers call it."""
        until = perf_counter() + TURN_S
        for _ in range(IN_A_TURN):
            # The entry stays in the queue while it is handled: the queue is not idle before.
            if (work := self._handle(self._entries[0])) is not None:
                await work
            if not self._over():
                return False
            if perf_counter() >= until:
                break
        return True

    async def _go_on(self, work: Work) -> None:
        """See the first entry through."""
        await work
        if self._over():
            self._workers.serve(self.work)

    def _over(self) -> bool:
        """The first entry is handled; whether there is another."""
        self.size -= self._entries.popleft().size
        if self._room is not None and not self.crowded:
            self._room.set()
            self._room = None
        if self._entries:
            return True
        self.idle = True
        if self._empty is not None:
            self._empty.set()
            self._empty = None
        return False
