"""The sessions whose home is this node."""

from collections.abc import Iterator

from service.sessions.session import Session


class Directory:
    """Finds sessions by id."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

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

    def get(self, session_id: str) -> Session | None:
        """The session, if its home is here."""
        return self._sessions.get(session_id)
