"""The one clockwork: at every tick, what is due is done."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_log = structlog.get_logger(__name__)

TICK_S = 0.25
"""How late a deadline may be acted on, at most, on an idle node."""


class Sweeper:
    """Runs every chore at every tick, one after the other; a failing one stops no other."""

    def __init__(self, *chores: Callable[[], Awaitable[None]]) -> None:
        self._chores = chores
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(TICK_S)

    async def sweep(self) -> None:
        """One tick, after any that is under way: what was due is done when it returns."""
        async with self._turn:
            for chore in self._chores:
                try:
                    await chore()
                except Exception:  # noqa: BLE001 - logged; the next tick tries again
                    _log.exception("sweeper.failed")
