"""The sessions whose home is this node."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from service.sessions.session import Session

MOST_HANDED_ON = 1_000
"""Sessions remembered that have another home now; the first go first."""


class Directory:
    """Finds sessions by id."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._handed_on: OrderedDict[str, Session] = OrderedDict()
        self.get: Callable[[str], Session | None] = self._sessions.get
        """Finds a session by its id, if its home is here."""

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def reach(self, session_id: str) -> Session | None:
        """Finds a session that is here, or that forwards what it is told to its new home."""
        return self._sessions.get(session_id) or self._handed_on.get(session_id)

    def add(self, session: Session) -> None:
        """Let the session be found."""
        self._sessions[session.id] = session
        self._handed_on.pop(session.id, None)

    def remove(self, session: Session) -> None:
        """Let it be found no more."""
        self._sessions.pop(session.id, None)

    def hand_on(self, session: Session) -> None:
        """It has another home now, and can still be reached through this one for a while."""
        self.remove(session)
        self._handed_on[session.id] = session
        if len(self._handed_on) > MOST_HANDED_ON:
            self._handed_on.popitem(last=False)
