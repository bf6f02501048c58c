"""One at a time for each of many things; whoever asked first has it first."""

import asyncio
from collections import deque
from collections.abc import Hashable

Turn = asyncio.Future[None]


class KeyedLocks:
    """A lock for every key. One that nobody holds leaves no trace, and costs a look to take.

    It orders what one node does. Between nodes the store decides.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[Turn] | None] = {}
        """The keys that are held, with those who wait for each, if anybody does."""

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, key: Hashable) -> Turn | None:
        """Take the key's lock, or queue for it: then await `granted` with what is returned."""
        if key not in self._waiting:
            self._waiting[key] = None
            return None
        waiting = self._waiting[key]
        if waiting is None:
            waiting = self._waiting[key] = deque()
        turn: Turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        return turn

    async def granted(self, key: Hashable, turn: Turn) -> None:
        """Wait for a turn; who does not come to have it does not hold the lock."""
        try:
            await turn
        except BaseException:
            if not turn.cancel() and not turn.cancelled():
                self.leave(key)
            raise

    def leave(self, key: Hashable) -> None:
        """Give the lock to whoever waits longest, else let it go."""
        waiting = self._waiting[key]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():  # who waited may have been cancelled
                turn.set_result(None)
                return
        del self._waiting[key]

    def of(self, key: Hashable) -> "Held":
        """The key's lock, for `async with`."""
        return Held(self, key)


class Held:
    """A lock that is held for the length of a block."""

    __slots__ = ("_key", "_locks")

    def __init__(self, locks: KeyedLocks, key: Hashable) -> None:
        self._locks = locks
        self._key = key

    async def __aenter__(self) -> None:
        if (turn := self._locks.enter(self._key)) is not None:
            await self._locks.granted(self._key, turn)

    async def __aexit__(self, *_: object) -> None:
        self._locks.leave(self._key)
