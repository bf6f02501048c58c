"""Things that are due at a time, found without looking at all of them."""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """At most one deadline (epoch ms) per key; moving or cancelling one is cheap.

    A key that is cancelled is let go at once. Of what was moved or cancelled the heap keeps two
    numbers until they come up, or until such leftovers outnumber what is live.
    """

    def __init__(self) -> None:
        self._set: dict[Key, tuple[int, int]] = {}
        self._keys: dict[int, Key] = {}
        self._heap: list[tuple[int, int]] = []
        self._serial = 0  # keys need no order of their own

    def __len__(self) -> int:
        return len(self._set)

    def __contains__(self, key: Key) -> bool:
        return key in self._set

    def set(self, key: Key, at: int | None) -> None:
        """Set, move or (None) cancel a key's deadline."""
        before = self._set.get(key)
        if before is not None:
            if before[0] == at:
                return
            del self._set[key], self._keys[before[1]]
        if at is not None:
            self._serial += 1
            self._set[key] = due = at, self._serial
            self._keys[self._serial] = key
            heapq.heappush(self._heap, due)
        if len(self._heap) > 2 * len(self._set) + 64:
            self._heap = list(self._set.values())
            heapq.heapify(self._heap)

    def pop_due(self, now: int) -> Iterator[Key]:
        """Take out every key whose deadline has passed, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            _, serial = heapq.heappop(self._heap)
            if serial in self._keys:
                key = self._keys.pop(serial)
                del self._set[key]
                yield key
