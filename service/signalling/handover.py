"""A session's way to another home: the old one gives what it keeps, and forwards what comes late.

The new home asks by `Claimed`, the old one answers by `HandedOver` and then sends `Forwarded`.
"""

import asyncio

from service.envelopes import Claimed, Forwarded, HandedOver, Kept
from service.ports import Delivery
from service.session_ref import SessionRef
from service.sessions.attachment import Attachment
from service.sessions.directory import Directory
from service.sessions.replay import ReplayMemory
from service.sessions.resumable_session import ResumableSession
from service.signalling.call_routes import Routes
from service.signalling.detached import DetachedSessions
from service.signalling.presence import Presence
from service.tasks import Tasks

HANDED_OVER_WITHIN_S = 2.0
"""How long the old home of a session may take, before the session goes on by a snapshot."""


class Handover:
    """Fetches sessions from other nodes, and hands them over to these."""

    def __init__(
        self,
        *,
        node: str,
        directory: Directory,
        delivery: Delivery,
        routes: Routes,
        presence: Presence,
        replays: ReplayMemory,
        detached: DetachedSessions,
        tasks: Tasks,
    ) -> None:
        self._node = node
        self._directory = directory
        self._delivery = delivery
        self._routes = routes
        self._presence = presence
        self._replays = replays
        self._detached = detached
        self._tasks = tasks
        self._coming: dict[str, asyncio.Future[Kept | None]] = {}
        """The sessions that are about to be handed over to this node."""

    async def claim(
        self, before: SessionRef, attachment: Attachment, token: str
    ) -> tuple[ResumableSession, Kept | None]:
        """Have a session at home here that was at home on another node.

        Returns:
            The session, and what it kept there; None where that did not come within 2 s.
        """
        ref = before._replace(node=self._node)
        session = ResumableSession(ref, attachment, self._replays, token)
        session.detach()
        session.expect()
        self._directory.add(session)
        self._detached.wait_for(session)  # should any of this fail
        self._routes.moving(ref)  # what was sent the old way before this arrives before the claim
        kept = None
        try:
            if before.node != self._node:  # else this node was started anew
                kept = await self._ask(before, ref)
        finally:
            session.adopt(kept)
        if kept is not None:
            self._tasks.start(self._presence.follow(session, kept.watched))
        return session, kept

    async def _ask(self, before: SessionRef, ref: SessionRef) -> Kept | None:
        coming = self._coming[ref.id] = asyncio.get_running_loop().create_future()
        self._delivery.send(before, Claimed(ref))
        try:
            done, _ = await asyncio.wait({coming}, timeout=HANDED_OVER_WITHIN_S)
        finally:
            del self._coming[ref.id]
        return coming.result() if done else None

    def handed_over(self, session_id: str, kept: Kept | None) -> None:
        """What the old home of a session kept has come; too late, it is nobody's."""
        coming = self._coming.get(session_id)
        if coming is not None and not coming.done():
            coming.set_result(kept)

    async def hand_over(self, session_id: str, to: SessionRef) -> None:
        """Give what a session keeps to its new home, and forward there what still comes here."""
        kept = None
        async with self._detached.turn_of(session_id):
            session = self._directory.get(session_id)
            if isinstance(session, ResumableSession):
                whole = await self._detached.supersede(session)
                given = self._give(session, to)
                kept = given if whole else None
        self._delivery.send(to, HandedOver(kept))

    def _give(self, session: ResumableSession, to: SessionRef) -> Kept:
        epoch, send = session.replay.epoch, self._delivery.send
        kept = session.hand_over(
            lambda event, payload: send(to, Forwarded(epoch, event, payload)),
            self._presence.watched(session),
            self._routes.take_held(session.id),
        )
        self._detached.forget(session.id)
        self._presence.forget(session)
        self._routes.forget_rings(session.id)
        self._directory.hand_on(session)
        return kept
