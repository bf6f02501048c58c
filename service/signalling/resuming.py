"""Sessions that lose their connection and take another: detached, resumed, or given up."""

import asyncio

from service import errors
from service.calls.call import Call, State
from service.calls.events import Detached, Returned
from service.deadlines import Deadlines
from service.keyed_locks import KeyedLocks
from service.limits import Limit, Meters
from service.pace import paced
from service.ports import (
    Claimed,
    Clock,
    Delivery,
    Forwarded,
    HandedOver,
    Held,
    Kept,
    SessionStore,
    UserStore,
)
from service.session_ref import SessionRef
from service.sessions.attachment import Attachment
from service.sessions.directory import Directory
from service.sessions.liveness import Liveness
from service.sessions.replay import ReplayMemory
from service.sessions.reply import Reply
from service.sessions.resumable_session import ResumableSession
from service.sessions.resume_tokens import hashed, new_token
from service.sessions.session import Session
from service.signalling.call_routes import Routes
from service.signalling.greeting import Greeting
from service.signalling.joining import MOST_SESSIONS, Joining, check_user
from service.signalling.presence import Presence
from service.signalling.renewal import Renewal
from service.signalling.ringing import Ringing
from service.signalling.transitions import Transitions
from service.tasks import Tasks
from service.telemetry.metrics.sessions import SessionMetrics
from service.wire.client_events import SessionAck, UserJoin
from service.wire.packets import DISCONNECT, EVENT
from service.wire.server_events import Error

HANDED_OVER_WITHIN_S = 2.0
"""How long the old home of a session may take, before the session goes on by a snapshot."""
WRONG_TOKENS = Limit(count=10, per_ms=60_000)
"""Wrong resume tokens of one user."""
_LOOK_AGAIN_MS = 1_000


class Resuming:
    """Takes sessions up again, and gives those up that nobody came back for.

    Args:
        window_ms: how long a detached session waits for its client; in a connected call it waits
            for as long as the call does.
    """

    def __init__(
        self,
        *,
        node: str,
        sessions: SessionStore,
        users: UserStore,
        directory: Directory,
        delivery: Delivery,
        routes: Routes,
        presence: Presence,
        replays: ReplayMemory,
        tasks: Tasks,
        joining: Joining,
        transitions: Transitions,
        ringing: Ringing,
        renewal: Renewal,
        liveness: Liveness,
        greeting: Greeting,
        clock: Clock,
        metrics: SessionMetrics,
        window_ms: int,
        scale: float,
    ) -> None:
        self._node = node
        self._sessions = sessions
        self._users = users
        self._directory = directory
        self._delivery = delivery
        self._routes = routes
        self._presence = presence
        self._replays = replays
        self._tasks = tasks
        self._joining = joining
        self._transitions = transitions
        self._ringing = ringing
        self._renewal = renewal
        self._liveness = liveness
        self._greeting = greeting
        self._clock = clock
        self._metrics = metrics
        self._window_ms = window_ms
        self._coming: dict[str, asyncio.Future[Kept | None]] = {}
        """The sessions that are about to be handed over to this node."""
        self._held: dict[str, tuple[Held, ...]] = {}
        self._wrong = Meters(WRONG_TOKENS.scaled(scale))
        self._locks = KeyedLocks()
        self._windows: Deadlines[str] = Deadlines()

    def __len__(self) -> int:
        return len(self._windows) + len(self._locks)

    async def join(self, attachment: Attachment, message: UserJoin, reply: Reply) -> Session:
        """Have a connection take up the session that it names, else begin one.

        Raises:
            Forbidden: the user is not the token's, or the resume token is not the session's.
            RateLimited: the user has shown too many wrong resume tokens.
            TooManySessions: as `Joining.join` has it.
        """
        check_user(attachment.identity, message)
        token = message.resume_token
        if message.can_resume and message.session_id is not None and token is not None:
            async with self._locks.of(message.session_id):
                session = await self._resume(attachment, message, message.session_id, token, reply)
            if session is not None:
                return session
            self._metrics.unknown()
        return await self._joining.join(attachment, message, reply)

    async def confirm(self, who: Session, message: SessionAck, reply: Reply) -> None:
        """Let go of what the client has; tell it which of its relays have come."""
        if not isinstance(who, ResumableSession):
            reply.done(message.event, b'{"lastN":0}')
            return
        if message.epoch is not None and message.seq is not None:
            who.confirm(message.epoch, message.seq)
        reply.done(message.event, b'{"lastN":%d}' % who.last_n)
        if message.socket_id == who.attachment.socket_id and not who.token_confirmed:
            who.token_confirmed = True
            await self._sessions.confirm(who.id, hashed(who.resume_token))

    async def lost(self, session: Session) -> None:
        """A session's connection is gone: it waits for its client, or ends with it."""
        if not isinstance(session, ResumableSession) or session.over:
            await self._leave(session)
            return
        self._detach(session)
        gone = Detached(session.user, session.id)
        for call in await self._bound(session):
            # It may be back before the call hears that it was away.
            await self._transitions.move(call.id, lambda _: gone if session.detached else None)

    async def tick(self) -> None:
        """Give up the sessions whose clients did not come back in time."""
        async for session_id in paced(self._windows.pop_due(self._clock())):
            async with self._locks.of(session_id):
                session = self._directory.get(session_id)
                if isinstance(session, ResumableSession) and session.detached:
                    await self._give_up(session)

    async def close(self) -> None:
        """End the sessions that wait for their clients: this node is not there any more."""
        async for session in paced(tuple(self._directory)):
            if session.detached:
                await self._leave(session)

    async def _give_up(self, session: ResumableSession) -> None:
        """End a session, unless a connected call of it waits still."""
        if any(call.state is State.CONNECTED for call in await self._bound(session)):
            self._windows.set(session.id, self._clock() + _LOOK_AGAIN_MS)
        else:
            self._metrics.gave_up()
            await self._leave(session)

    async def _leave(self, session: Session) -> None:
        self._windows.set(session.id, None)
        await self._joining.leave(session)

    def _detach(self, session: ResumableSession) -> None:
        session.detach()
        self._liveness.over(session)
        self._renewal.finish(session)
        self._windows.set(session.id, self._clock() + self._window_ms)

    async def _bound(self, session: Session) -> tuple[Call, ...]:
        """The live calls that bind a session."""
        calls = (await self._users.engagements(session.user)).calls
        return tuple(call for call in calls if call.binds(session.id))

    async def _resume(
        self, attachment: Attachment, message: UserJoin, session_id: str, token: str, reply: Reply
    ) -> ResumableSession | None:
        """Take a session up again; None when there is none to take up."""
        fresh_token = new_token()
        before = await self._take(message.user_id, session_id, token, fresh_token)
        if before is None:
            return None
        session = self._directory.get(session_id)
        if not isinstance(session, ResumableSession):
            torn = "home"
            session, whole = await self._claim(before, attachment, fresh_token)
        else:
            torn = "busy"
            whole = session.detached or await self._supersede(session)
        after = self._replay_from(session, message, torn=None if whole else torn)
        resumed = "snapshot" if after is None else "replayed"
        if session.away_since is not None:
            self._metrics.returned(session.silent_s)
        session.attach(attachment, after)
        session.resume_token, session.token_confirmed = fresh_token, False
        try:
            calls = await self._go_on(session, resumed, fresh=bool(message.fresh))
        except BaseException:
            self._detach(session)
            raise
        self._routes.hold(self._held.pop(session_id, ()))
        self._windows.set(session.id, None)
        self._renewal.begin(session)
        self._greeting.give(session, calls, reply, resumed)
        for call in calls:
            if call.callee == session.user and call.unaccepted and not call.crowded:
                self._ringing.ring(session, call, again=after is None)
        return session

    def _replay_from(
        self, session: ResumableSession, message: UserJoin, torn: str | None
    ) -> int | None:
        """Behind which number events follow; None for a snapshot.

        `torn` is why what is kept may not be whole.
        """
        after, reason = message.last_seq, torn
        if reason is None and after is None:
            reason = "asked"
        if reason is None and message.epoch != session.replay.epoch:
            reason = "epoch"
        if reason is None and after is not None and not session.replay.has_all_after(after):
            reason = "missed"
        if reason is not None:
            self._metrics.snapshot(reason)
            return None
        self._metrics.replayed()
        return after

    async def _take(
        self, user: str, session_id: str, token: str, fresh_token: str
    ) -> SessionRef | None:
        """Present a token to the store, which has this node be the session's home.

        A wrong one is held against the user, and changes nothing.
        """
        try:
            return await self._sessions.take(
                session_id, user, hashed(token), hashed(fresh_token), self._node
            )
        except errors.Forbidden:
            if wait := self._wrong.take(user, self._clock()):
                raise errors.RateLimited(scope="resume_tokens", retry_after_ms=wait) from None
            raise

    async def _claim(
        self, before: SessionRef, attachment: Attachment, token: str
    ) -> tuple[ResumableSession, bool]:
        """Have a session at home here that was at home on another node, which hands it over.

        Returns:
            The session, and whether what it keeps has come with it, within 2 s.
        """
        ref = before._replace(node=self._node)
        session = ResumableSession(ref, attachment, self._replays, token)
        session.detach()
        waiting = session.expect()
        self._directory.add(session)
        self._windows.set(ref.id, self._clock() + self._window_ms)  # should any of this fail
        self._routes.moving(ref)  # what was sent the old way before this arrives before the claim
        kept = None
        if before.node != self._node:  # else this node was started anew
            coming = asyncio.get_running_loop().create_future()
            self._coming[ref.id] = coming
            self._delivery.send(before, Claimed(ref))
            done, _ = await asyncio.wait({coming}, timeout=HANDED_OVER_WITHIN_S)
            del self._coming[ref.id]
            kept = coming.result() if done else None
        session.adopt(kept, waiting)
        await self._users.add(ref, MOST_SESSIONS)
        if kept is not None:
            self._held[ref.id] = kept.held
            self._tasks.start(self._presence.follow(session, kept.watched))
        return session, kept is not None

    async def hand_over(self, session_id: str, to: SessionRef) -> None:
        """Give what a session keeps to its new home, and forward there what still comes here."""
        kept = None
        async with self._locks.of(session_id):
            session = self._directory.get(session_id)
            if isinstance(session, ResumableSession):
                whole = session.detached or await self._supersede(session)
                epoch = session.replay.epoch
                given = session.hand_over(
                    lambda event, payload: self._delivery.send(
                        to, Forwarded(epoch, event, payload)
                    ),
                    self._presence.watched(session),
                    self._routes.held(session_id),
                )
                kept = given if whole else None
                self._windows.set(session_id, None)
                self._presence.forget(session)
                self._routes.forget_rings(session_id)
                self._directory.hand_on(session)
        self._delivery.send(to, HandedOver(kept))

    def handed_over(self, session_id: str, kept: Kept | None) -> None:
        """What the old home of a session kept has come; too late, it is nobody's."""
        coming = self._coming.get(session_id)
        if coming is not None and not coming.done():
            coming.set_result(kept)

    async def _supersede(self, session: ResumableSession) -> bool:
        """Take a session from a connection that it still has; False if that took too long.

        The client there is told by a DISCONNECT, so that socket.io-client does not come back: the
        two would take the session from each other for ever.
        """
        write, close = session.write, session.close
        whole = await session.fence()
        told = Error.of(errors.SessionReplaced(), UserJoin.event, None, None)
        write(EVENT % (told.event.encode(), told.encode()))
        write(DISCONNECT)
        close("session_replaced")
        self._detach(session)
        return whole

    async def _go_on(
        self, session: ResumableSession, resumed: str, *, fresh: bool
    ) -> tuple[Call, ...]:
        """Tell the calls that bind a session that it is back; all live calls of its user."""
        returned = Returned(session.user, session.id, self._node, resumed, fresh)
        calls = []
        for call in (await self._users.engagements(session.user)).calls:
            if not call.binds(session.id) and not call.is_for(session.id):
                calls.append(call)
                continue
            if self._outlived_the_window(call, session):
                self._metrics.kept_by_media()
            after = await self._transitions.move(call.id, returned)
            calls.append(after)
            if after.unaccepted and after.callee == session.user:
                self._ringing.take_over(session, after)
        return tuple(call for call in calls if call.state is not State.ENDED)

    def _outlived_the_window(self, call: Call, session: Session) -> bool:
        """Whether a call went on for longer than its party would have been waited for."""
        link = call.calling if session.id == call.caller_session else call.called
        away_at = link.away_at if call.state is State.CONNECTED else None
        return away_at is not None and away_at + self._window_ms < self._clock()
