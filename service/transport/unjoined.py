"""Connections that have not joined yet, by user: the oldest gives way where there are too many."""

from typing import Generic, TypeVar

MOST_UNJOINED = 20
"""Connections of one user that have not joined; of sessions a user may have ten."""

Connection = TypeVar("Connection")


class Unjoined(Generic[Connection]):
    """Each user's connections from their CONNECT to their join, oldest first."""

    __slots__ = ("_users",)

    def __init__(self) -> None:
        self._users: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._users)

    def add(self, user: str, connection: Connection) -> Connection | None:
        """One more; the connection that has to give way to it, or None."""
        waiting = self._users.setdefault(user, {})
        oldest = next(iter(waiting)) if len(waiting) >= MOST_UNJOINED else None
        if oldest is not None:
            del waiting[oldest]
        waiting[connection] = None
        return oldest

    def discard(self, user: str, connection: Connection) -> None:
        """It has joined, or is gone."""
        waiting = self._users.get(user, {})
        waiting.pop(connection, None)
        if not waiting:
            self._users.pop(user, None)
