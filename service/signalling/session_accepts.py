"""Accepts of calls for sessions that there are: here, or by the node that is a session's home.

The node that a request reaches asks by `AcceptAsked`, the home answers by `AcceptAnswered`. Were
the accept made anywhere else, what the caller sends might reach the home before it.
"""

import asyncio

from service import errors
from service.calls.events import Accepted
from service.envelopes import AcceptAnswered, AcceptAsked, ResumePoint
from service.ports import Delivery
from service.session_ref import SessionRef
from service.sessions.directory import Directory
from service.sessions.resumable_session import ResumableSession
from service.signalling.call_control import CallControl
from service.signalling.detached import DetachedSessions

ANSWERED_WITHIN_S = 2.0
"""How long the home of a session may take, before the session counts as gone."""
_REFUSALS: dict[str, type[errors.RinglineError]] = {
    kind.code: kind for kind in (errors.AlreadyAnswered, errors.CallEnded, errors.CallNotFound)
}


class SessionAccepts:
    """Accepts calls for resumable sessions, whether or not they have a connection."""

    def __init__(
        self,
        *,
        node: str,
        directory: Directory,
        delivery: Delivery,
        calls: CallControl,
        detached: DetachedSessions,
    ) -> None:
        self._node = node
        self._directory = directory
        self._delivery = delivery
        self._calls = calls
        self._detached = detached
        self._asked: dict[tuple[str, str], list[asyncio.Future[AcceptAnswered]]] = {}
        """Who waits for the answer to what was asked, by session and call."""

    async def accept(self, session: ResumableSession, call_id: str) -> ResumePoint:
        """Accept for a session of this node; its window begins then if it has no connection.

        It is for who has the session's turn, and raises as `CallControl.take` does, or
        `TooManySessions` where the session has ended meanwhile.
        """
        ref, replay, away = session.ref, session.replay, session.detached
        if away:
            self._detached.wait_for(session)
        point = ResumePoint(ref.id, replay.epoch, replay.floor)
        accepted = Accepted(
            ref.user, ref.id, ref.node, resumable=True, away=away, device=ref.device
        )
        await self._calls.take(call_id, accepted, ref)
        if self._directory.get(ref.id) is not session:  # another took its place meanwhile
            await self._detached.leave(session)
            raise errors.TooManySessions
        if session.detached and not away:  # it was lost meanwhile
            await self._detached.tell_away(session)
        return point

    async def accept_at_home(self, ref: SessionRef, call_id: str) -> ResumePoint | None:
        """Accept for a session wherever it is at home; None where it is not found there.

        Raises:
            AlreadyAnswered, CallEnded, CallNotFound: as for any accept.
            StoreUnavailable: the home could not tell.
        """
        if ref.node == self._node:
            return await self._accept_here(ref.id, call_id)
        answer = await self._ask(ref, call_id)
        if answer is None:
            return None
        if answer.refusal is not None:
            raise _REFUSALS.get(answer.refusal, errors.StoreUnavailable)
        return answer.point

    async def _ask(self, ref: SessionRef, call_id: str) -> AcceptAnswered | None:
        """Ask the home of a session, once however many wait; None where it has not answered."""
        key, mine = (ref.id, call_id), asyncio.get_running_loop().create_future()
        waiting = self._asked.setdefault(key, [])
        waiting.append(mine)
        if len(waiting) == 1:
            self._delivery.send(ref, AcceptAsked(call_id, ref._replace(node=self._node)))
        try:
            done, _ = await asyncio.wait({mine}, timeout=ANSWERED_WITHIN_S)
        finally:
            waiting.remove(mine)
            if not waiting:
                del self._asked[key]
        return mine.result() if done else None

    async def answer(self, session_id: str, asked: AcceptAsked) -> None:
        """Accept for a session of this node, as another node asks; tell it what became of that."""
        point, refusal = None, None
        try:
            point = await self._accept_here(session_id, asked.call_id)
        except errors.RinglineError as error:
            refusal = error.code
        self._delivery.send(asked.by, AcceptAnswered(asked.call_id, point, refusal))

    def answered(self, session_id: str, answer: AcceptAnswered) -> None:
        """The home of a session has told what became of an accept; too late, it is nobody's."""
        for asked in self._asked.get((session_id, answer.call_id), ()):
            if not asked.done():
                asked.set_result(answer)

    async def _accept_here(self, session_id: str, call_id: str) -> ResumePoint | None:
        async with self._detached.turn_of(session_id):
            session = self._directory.get(session_id)
            if not isinstance(session, ResumableSession):
                return None
            return await self.accept(session, call_id)
