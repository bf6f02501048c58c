"""The tasks that serve queues: one for all that have entries in a turn of the event loop.

A task for each queue would cost more than most of their entries. An entry that has to wait keeps
its task, and another task takes over the other queues. Each queue has a short turn, then all others
have theirs; after 5 ms the event loop goes round before the next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter

from service.pace import TURN_S
from service.tasks import Tasks


class Workers:
    """As many tasks as wait for something, and one where there is more to begin."""

    __slots__ = ("_ready", "_summoned", "tasks")

    def __init__(self) -> None:
        self._ready: deque[Callable[[], Awaitable[bool]]] = deque()
        self._summoned = False
        self.tasks = Tasks()

    def serve(self, work: Callable[[], Awaitable[bool]]) -> None:
        """Begin with a queue in this turn of the loop or the next.

        `work` does a turn's worth of it, and returns whether there is more. It must not raise.
        """
        self._ready.append(work)
        if not self._summoned:
            self._summon()

    def _summon(self) -> None:
        self._summoned = True
        self.tasks.spawn(self._run())

    async def _run(self) -> None:
        # Runs as soon as this task waits, or is over.
        asyncio.get_running_loop().call_soon(self._relieve)
        until = perf_counter() + TURN_S
        while self._ready and perf_counter() < until:
            work = self._ready.popleft()
            if await work():
                self.serve(work)

    def _relieve(self) -> None:
        self._summoned = False
        if self._ready:
            self._summon()
