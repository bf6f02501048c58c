"""Resumable sessions in a dictionary."""

from dataclasses import dataclass
from hmac import compare_digest

from service import errors
from service.session_ref import SessionRef


@dataclass(slots=True)
class Resumable:
    """A session and the hashes of its two good tokens."""

    ref: SessionRef
    confirmed: bytes
    newest: bytes


class MemorySessions:
    """`ports.SessionStore`."""

    def __init__(self) -> None:
        self._sessions: dict[str, Resumable] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    async def add(self, ref: SessionRef, issued: bytes) -> None:
        self._sessions[ref.id] = Resumable(ref, issued, issued)

    async def take(
        self, session_id: str, user: str, presented: bytes, issued: bytes, node: str | None
    ) -> SessionRef | None:
        found = self._sessions.get(session_id)
        if found is None:
            return None
        good = compare_digest(presented, found.confirmed) | compare_digest(presented, found.newest)
        if not good or found.ref.user != user:
            raise errors.Forbidden("resumeToken: it is not a token of this session.")
        before = found.ref
        if node is not None:
            found.ref = before._replace(node=node)
        found.confirmed, found.newest = presented, issued
        return before

    async def issue(self, session_id: str, user: str, issued: bytes) -> SessionRef | None:
        found = self._sessions.get(session_id)
        if found is None or found.ref.user != user:
            return None
        found.newest = issued
        return found.ref

    async def confirm(self, session_id: str, newest: bytes) -> None:
        found = self._sessions.get(session_id)
        if found is not None and found.newest == newest:
            found.confirmed = newest

    async def remove(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)
