"""Watches the event loop that serves clients, for another thread."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from time import monotonic
from typing import Any

TICK_S = 0.25

Work = Callable[[], Coroutine[Any, Any, None]]
"""Makes a coroutine for the loop, each time it is called."""


class MainLoop:
    """Watches the loop that `run` runs in; the rest may be called from any thread.

    Args:
        late: is called in the loop at every tick with how many seconds late it is.
    """

    def __init__(self, late: Callable[[float], None]) -> None:
        self._late = late
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0
        self._asked: Future[None] | None = None

    async def run(self) -> None:
        """Tick until cancelled."""
        self._due = monotonic() + TICK_S
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._due - monotonic())
            self._late(self.late_s())
            self._due = monotonic() + TICK_S

    def late_s(self) -> float:
        """By how many seconds the next tick is overdue: the loop has stood still that long."""
        return max(0.0, monotonic() - self._due) if self._loop else 0.0

    async def ask(self, work: Work, within_s: float) -> None:
        """Have the loop do some work, unless it still has some to do that it was asked for before.

        Returns when it is done, or after `within_s`; it is done all the same, later.
        """
        if self._loop is None or (self._asked is not None and not self._asked.done()):
            return
        self._asked = asyncio.run_coroutine_threadsafe(work(), self._loop)
        await asyncio.wait({asyncio.wrap_future(self._asked)}, timeout=within_s)
