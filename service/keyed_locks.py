"""One at a time for each of many things."""

import asyncio
from collections.abc import Hashable


class KeyedLock:
    """One thing's turn, for `async with`; whoever asked first has it first."""

    __slots__ = ("_key", "_lock", "_locks", "_wanted")

    def __init__(self, locks: dict[Hashable, "KeyedLock"], key: Hashable) -> None:
        self._locks = locks
        self._key = key
        self._lock = asyncio.Lock()
        self._wanted = 0

    async def __aenter__(self) -> None:
        self._wanted += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._wanted -= 1
        if not self._wanted:
            del self._locks[self._key]


class KeyedLocks:
    """A turn for every key, taken at once or not at all; what nobody wants leaves no trace.

    It orders what one node does. Between nodes the store decides.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, KeyedLock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    def of(self, key: Hashable) -> KeyedLock:
        """The key's turn, to be entered at once."""
        turn = self._locks.get(key)
        if turn is None:
            turn = self._locks[key] = KeyedLock(self._locks, key)
        return turn
