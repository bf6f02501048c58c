"""The tasks that serve queues: one for all that have entries in a turn of the event loop.

A task for each queue would cost more than most of their entries. An entry that has to wait keeps
its task, and another task takes over the other queues. Each queue has a short turn, then all others
have theirs; after 5 ms the event loop goes round before the next.
"""

import asyncio
from collections import deque
from time import perf_counter
from typing import Protocol

from service.pace import TURN_S
from service.tasks import Tasks, Work


class Workable(Protocol):
    """A queue, as workers see it."""

    async def work(self) -> bool:
        """Do a turn's worth of it; whether there is more. Must not raise."""


class Workers:
    """As many tasks as wait for something, and one where there is more to begin."""

    __slots__ = ("_ready", "_summoned", "_tasks")

    def __init__(self) -> None:
        self._ready: deque[Workable] = deque()
        self._summoned = False
        self._tasks = Tasks()

    def start(self, work: Work) -> None:
        """Do some work now, as far as it goes without waiting."""
        self._tasks.start(work)

    def serve(self, some: Workable) -> None:
        """Begin with it in this turn of the loop or the next."""
        self._ready.append(some)
        if not self._summoned:
            self._summon()

    def _summon(self) -> None:
        self._summoned = True
        self._tasks.spawn(self._run())

    async def _run(self) -> None:
        # Runs as soon as this task waits, or is over.
        asyncio.get_running_loop().call_soon(self._relieve)
        until = perf_counter() + TURN_S
        while self._ready and perf_counter() < until:
            some = self._ready.popleft()
            if await some.work():
                self.serve(some)

    def _relieve(self) -> None:
        self._summoned = False
        if self._ready:
            self._summon()
