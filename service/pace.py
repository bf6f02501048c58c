"""Long work in short pieces, and short work not all at once, so that all else has its turn.

What has many things to do gives way every 5 ms. In each turn of the event loop one such piece is
done, however much waits: reads, timers and what is quickly done have theirs between any two.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import TypeVar
from weakref import WeakKeyDictionary

TURN_S = 0.005
"""How long a piece may last."""
STARTS = 4
"""How many requests and connections begin in a turn of the loop; each takes less than 1 ms."""
T = TypeVar("T")


class Pace:
    """Who waits for a turn of one event loop; whoever came first has the next one."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def give_way(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._next)
        self._waiting.append(turn)
        await turn

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # who waited may have been cancelled
                turn.set_result(None)
                break
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Pace] = WeakKeyDictionary()


async def give_way() -> None:
    """Let everything else in the running loop have its turn."""
    loop = asyncio.get_running_loop()
    pace = _of_loop.get(loop)
    if pace is None:
        pace = _of_loop[loop] = Pace()
    await pace.give_way()


async def paced(things: Iterable[T]) -> AsyncIterator[T]:
    """Each of many things, giving way every 5 ms.

    What they are may change meanwhile: pass a copy of what cannot stand it.
    """
    until = perf_counter() + TURN_S
    for thing in things:
        if perf_counter() >= until:
            await give_way()
            until = perf_counter() + TURN_S
        yield thing


class Starts:
    """Who may begin now: a few in each turn of one event loop, and whoever comes next waits."""

    __slots__ = ("_begun", "_waiting")

    def __init__(self) -> None:
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait until it is the caller's turn to begin: at once, when few have."""
        loop = asyncio.get_running_loop()
        if not self._begun:
            loop.call_soon(self._next)
        if self._begun < STARTS:
            self._begun += 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < STARTS:
            turn = self._waiting.popleft()
            if not turn.done():  # who waited may have been cancelled
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next)
