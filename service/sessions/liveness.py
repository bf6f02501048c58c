"""Whether sessions that have been silent still live: they are asked, and answer or are gone.

A phone that changes networks leaves a session behind that nobody ends: TCP says nothing, and a
heartbeat takes up to interval and timeout. Who needs to know sooner asks here.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

from service.sessions.directory import Directory
from service.sessions.session import Session

SILENT_S = 1.0
"""Who was heard of within this time lives, and is not asked."""
ANSWER_WITHIN_S = 2.0
_SEEN_OFF_WITHIN_S = 0.5


class Liveness:
    """Asks the sessions of this node, each once at a time however many want to know."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._asked: dict[str, asyncio.Future[None]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def ask(
        self, sessions: Iterable[str], within_s: float | None = ANSWER_WITHIN_S
    ) -> list[asyncio.Future[None]]:
        """Ask those of these sessions that have been silent for more than a second.

        Whoever does not answer within 2 s is gone, or within a heartbeat's timeout where `within_s`
        is None. What is returned is done as each has answered, or is seen off.
        """
        return [asked for session in set(sessions) if (asked := self._ask(session, within_s))]

    async def check(self, own: Iterable[str], others: Iterable[str]) -> bool:
        """Wait until each of these sessions is known to live, or is gone and its calls with it.

        Args:
            own: of the user who wants to know: they have 2 s to answer.
            others: these have a heartbeat's timeout: nobody can end what others do in less.

        Returns:
            False when all were heard of within a second, so that nothing has changed; otherwise
            True, after 2.5 s at most.
        """
        asked = [*self.ask(own), *self.ask(others, None)]
        if asked:
            await asyncio.wait(asked, timeout=ANSWER_WITHIN_S + _SEEN_OFF_WITHIN_S)
        return bool(asked)

    def over(self, session: Session) -> None:
        """A session is seen off."""
        self._settle(session.id)

    def _ask(self, session_id: str, within_s: float | None) -> asyncio.Future[None] | None:
        asked = self._asked.get(session_id)
        session = self._directory.get(session_id)
        if session is None or session.detached:  # who is away is known to be
            return asked
        if asked is None and session.pulse.silent_s <= SILENT_S:
            return None
        if asked is None:
            asked = self._asked[session_id] = asyncio.get_running_loop().create_future()
        session.pulse.probe(within_s, partial(self._settle, session_id))
        return asked

    def _settle(self, session_id: str) -> None:
        asked = self._asked.pop(session_id, None)
        if asked is not None:
            asked.set_result(None)
