"""Work in the background, one piece at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_FIRST_PAUSE_MS = 2_000


class Background:
    """Whoever derives from it does one piece of work at a time, in a task, until it is closed."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a piece of work runs."""
        return self._task is not None and not self._task.done()

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin this work, unless some runs or this is closed."""
        if not (self.busy or self._closed):
            self._task = asyncio.create_task(work(), name=type(self).__name__)

    async def under_way(self) -> None:
        """Wait for the work that runs, if some does."""
        if self._task is not None:
            await asyncio.wait({self._task})  # which neither cancels it nor raises

    async def close(self) -> None:
        """Begin no more, and cancel what runs; a thread that it waits for ends by itself."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await self.under_way()


def backoff_ms(failures: int, longest_ms: int) -> int:
    """How long to wait after so many failures in a row: 2 s, and twice as long after each more."""
    return min(longest_ms, _FIRST_PAUSE_MS << min(failures - 1, 16))
