"""Coroutines that run beside whoever began them."""

import asyncio
from collections.abc import Coroutine
from typing import Any

Work = Coroutine[Any, Any, None]


class Tasks:
    """Runs coroutines that nobody waits for, and holds them until they are done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Work) -> asyncio.Task[None]:
        """Run a coroutine."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def done(self) -> None:
        """Wait for those that run now."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
