"""The sessions whose home is this node."""

from collections.abc import Callable, Iterator

from service.sessions.session import Session


class Directory:
    """Finds sessions by id."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self.get: Callable[[str], Session | None] = self._sessions.get
        """Finds a session by its id, if its home is here."""

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def add(self, session: Session) -> None:
        """Let the session be found."""
        self._sessions[session.id] = session

    def remove(self, session: Session) -> None:
        """Let it be found no more."""
        self._sessions.pop(session.id, None)
