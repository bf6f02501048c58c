"""What the node may take of memory: beyond it nobody gets in, and who has most waiting goes first.

The whole process is measured, since what waits is a part of what it takes. Clients that read what
they are sent, and send no more than is handled, have next to nothing waiting: they stay, however
long the memory is short.
"""

import heapq
from collections.abc import Callable, Iterable

import structlog

from service.ports import Clock
from service.transport.guard.memory import give_back, resident

SPARED = 64 * 1024
"""Bytes that may wait of a connection, both ways, without its being cut."""
CUT_IN_A_TICK = 8
"""Connections that are cut before the memory is looked at again."""
ENOUGH = 0.95
"""Of the budget: when so much is taken or less, it is short no more."""
GIVE_BACK_EVERY_MS = 10_000
GIVE_BACK_SELDOM_MS = 320_000
"""The same when it brings nothing, each time after twice as long."""
WORTH = 4 * 1024 * 1024
"""Bytes that are something."""

Waiter = tuple[int, Callable[[], object]]
"""How many bytes wait of a connection, and what cuts it."""

_log = structlog.get_logger(__name__)


class Budget:
    """Looks at the memory at every tick.

    Args:
        most: bytes that the process may take; 0 is no limit.
        waiters: all connections of which something waits.
        clock: now, in epoch ms.
    """

    def __init__(self, most: int, waiters: Callable[[], Iterable[Waiter]], clock: Clock) -> None:
        self.most = most
        self.over = False
        """Whether the process takes more, or has and is not back at `ENOUGH` of it."""
        self._waiters = waiters
        self._clock = clock
        self._give_back_at = 0
        self._every_ms = GIVE_BACK_EVERY_MS

    async def tick(self) -> None:
        """Look, and cut who has most waiting where it is too much."""
        now = resident()
        if not self.over and 0 < self.most < now:
            self.over = True
            self._soon()
            _log.warning("memory.short", resident=now, budget=self.most)
        elif self.over and now <= ENOUGH * self.most:
            self.over = False
            _log.info("memory.enough", resident=now, budget=self.most)
        if not self.over:
            return
        if self._cut():
            self._soon()
        elif self._clock() >= self._give_back_at:
            self._give_back(now)

    def _soon(self) -> None:
        """There may be something to give back."""
        self._every_ms = GIVE_BACK_EVERY_MS
        self._give_back_at = min(self._give_back_at, self._clock() + self._every_ms)

    def _give_back(self, before: int) -> None:
        """Give back what is free, and seldom where that is little: nobody is served meanwhile."""
        give_back()
        if before - resident() < WORTH:
            self._every_ms = min(2 * self._every_ms, GIVE_BACK_SELDOM_MS)
        else:
            self._every_ms = GIVE_BACK_EVERY_MS
        self._give_back_at = self._clock() + self._every_ms

    def _cut(self) -> int:
        """Cut those with most; how many they were."""
        largest = heapq.nlargest(CUT_IN_A_TICK, self._waiters(), key=lambda one: one[0])
        greedy = [(size, cut) for size, cut in largest if size > SPARED]
        for _, cut in greedy:
            cut()
        if greedy:
            _log.info("memory.cut", connections=len(greedy), most_bytes=greedy[0][0])
        return len(greedy)
