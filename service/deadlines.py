"""Things that are due at a time, found without looking at all of them."""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """At most one deadline (epoch ms) per key; moving or cancelling one is cheap.

    The heap keeps what was moved or cancelled until it comes up, or until such leftovers
    outnumber what is live.
    """

    def __init__(self) -> None:
        self._at: dict[Key, int] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._serial = 0  # keys need no order of their own

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: Key, at: int | None) -> None:
        """Set, move or (None) cancel a key's deadline."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            self._serial += 1
            heapq.heappush(self._heap, (at, self._serial, key))
        if len(self._heap) > 2 * len(self._at) + 64:
            self._compact()

    def pop_due(self, now: int) -> Iterator[Key]:
        """Take out every key whose deadline has passed, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heapq.heappop(self._heap)
            if self._at.get(key) == at:
                del self._at[key]
                yield key

    def _compact(self) -> None:
        self._heap = [(at, serial, key) for serial, (key, at) in enumerate(self._at.items())]
        self._serial = len(self._heap)
        heapq.heapify(self._heap)
