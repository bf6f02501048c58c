"""One at a time for each of many things."""

import asyncio
from collections.abc import Hashable


class Turn:
    """One thing's turn, for `async with`; whoever asked first has it first."""

    __slots__ = ("_key", "_lock", "_turns", "_wanted")

    def __init__(self, turns: dict[Hashable, "Turn"], key: Hashable) -> None:
        self._turns = turns
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
            del self._turns[self._key]


class Turns:
    """A turn for every key, taken at once or not at all; what nobody wants leaves no trace.

    It orders what one node does. Between nodes the store decides.
    """

    def __init__(self) -> None:
        self._turns: dict[Hashable, Turn] = {}

    def __len__(self) -> int:
        return len(self._turns)

    def of(self, key: Hashable) -> Turn:
        """The key's turn, to be entered at once."""
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = Turn(self._turns, key)
        return turn
