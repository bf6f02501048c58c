"""Connections that are not whole yet: of one user's, or one address's, the oldest gives way."""

from typing import Generic, TypeVar

MOST_UNJOINED = 10
"""Connections of one user that have not joined: as many as there may be sessions."""
MOST_UNKNOWN = 2_500
"""Connections of one address whose token is not known; at 14 KiB each."""

Connection = TypeVar("Connection")


class Unjoined(Generic[Connection]):
    """Connections on their way to something, by whose they are, oldest first.

    Args:
        most: how many there may be of one user, or one address.
    """

    __slots__ = ("_most", "_owners")

    def __init__(self, most: int) -> None:
        self._most = most
        self._owners: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, owner: str, connection: Connection) -> Connection | None:
        """One more; the connection that has to give way to it, or None."""
        waiting = self._owners.setdefault(owner, {})
        oldest = next(iter(waiting)) if len(waiting) >= self._most else None
        if oldest is not None:
            del waiting[oldest]
        waiting[connection] = None
        return oldest

    def discard(self, owner: str, connection: Connection) -> None:
        """It is there, or is gone."""
        waiting = self._owners.get(owner, {})
        waiting.pop(connection, None)
        if not waiting:
            self._owners.pop(owner, None)
