"""Long work in short pieces, and short work not all at once, so that nothing else waits for long.

Long work gives way every 5 ms, and in each turn of the event loop one such piece is done, however
many wait: reads, timers and short work come between any two.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import TypeVar
from weakref import WeakKeyDictionary

TURN_S = 0.005
"""How long a piece of work may last."""
STARTS = 4
"""How many requests and connections begin in a turn of the loop; each takes less than 1 ms."""
T = TypeVar("T")


class Pace:
    """Lets `each` tasks go on in a turn of one event loop, in the order in which they came."""

    __slots__ = ("_begun", "_each", "_waiting")

    def __init__(self, each: int) -> None:
        self._each = each
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Go on at once when fewer have in this turn; otherwise wait for a later one."""
        if self._begun == self._each:
            await self.give_way()
            return
        self._begin_turns()
        self._begun += 1

    async def give_way(self) -> None:
        """Wait for a later turn."""
        self._begin_turns()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _begin_turns(self) -> None:
        if not self._begun and not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < self._each:
            turn = self._waiting.popleft()
            if not turn.done():  # who waited may have been cancelled
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next)


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Pace] = WeakKeyDictionary()


async def give_way() -> None:
    """Let everything else in the running loop have its turn."""
    loop = asyncio.get_running_loop()
    pace = _of_loop.get(loop)
    if pace is None:
        pace = _of_loop[loop] = Pace(1)
    await pace.give_way()


async def paced(things: Iterable[T]) -> AsyncIterator[T]:
    """Each of many things, giving way every 5 ms, and before the next is taken.

    What they are may change meanwhile: pass a copy of what cannot stand it.
    """
    until = perf_counter() + TURN_S
    for thing in things:
        yield thing
        if perf_counter() >= until:
            await give_way()
            until = perf_counter() + TURN_S
