"""Taking sessions up again: by the token of each, on this node or from another one."""

import time

from service import errors
from service.calls.call import Call, State
from service.calls.events import Returned
from service.calls.sides import links
from service.envelopes import Held
from service.limits import Limit, Meters
from service.ports import Clock, SessionStore, UserStore
from service.session_ref import SessionRef
from service.sessions.attachment import Attachment
from service.sessions.directory import Directory
from service.sessions.reply import Reply
from service.sessions.resumable_session import ResumableSession
from service.sessions.resume_tokens import hashed, new_token
from service.sessions.session import Session
from service.signalling.call_routes import Routes
from service.signalling.detached import DetachedSessions
from service.signalling.greeting import Greeting
from service.signalling.handover import Handover
from service.signalling.joining import MOST_SESSIONS, Joining, check_user
from service.signalling.renewal import Renewal
from service.signalling.ringing import Ringing
from service.signalling.transitions import Transitions
from service.telemetry.metrics.sessions import SessionMetrics
from service.telemetry.tracing import Resume, Tracing
from service.wire.client_events import SessionAck, UserJoin

WRONG_TOKENS = Limit(count=10, per_ms=60_000)
"""Wrong resume tokens of one user."""


class Resuming:
    """Has connections take sessions up again, and hears what has arrived there."""

    def __init__(
        self,
        *,
        node: str,
        sessions: SessionStore,
        users: UserStore,
        directory: Directory,
        routes: Routes,
        joining: Joining,
        detached: DetachedSessions,
        handover: Handover,
        transitions: Transitions,
        ringing: Ringing,
        renewal: Renewal,
        greeting: Greeting,
        clock: Clock,
        metrics: SessionMetrics,
        tracing: Tracing,
        scale: float,
    ) -> None:
        self._node = node
        self._sessions = sessions
        self._users = users
        self._directory = directory
        self._routes = routes
        self._joining = joining
        self._detached = detached
        self._handover = handover
        self._transitions = transitions
        self._ringing = ringing
        self._renewal = renewal
        self._greeting = greeting
        self._clock = clock
        self._metrics = metrics
        self._tracing = tracing
        self._wrong = Meters(WRONG_TOKENS.scaled(scale))

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
            async with self._detached.turn_of(message.session_id):
                session = await self._resume(attachment, message, message.session_id, token, reply)
            if session is not None:
                return session
            self._metrics.unknown()
        return await self._joining.join(attachment, message, reply)

    async def present(
        self, user: str, session_id: str, token: str, fresh_token: str, node: str | None = None
    ) -> SessionRef | None:
        """Present a token to the store; `node`, if any, is the session's home from now on.

        A wrong one is held against the user, and changes nothing.

        Returns:
            The session with the home that it had; None when there is none any more.

        Raises:
            Forbidden, RateLimited: as `join` has it.
        """
        try:
            return await self._sessions.take(
                session_id, user, hashed(token), hashed(fresh_token), node
            )
        except errors.Forbidden:
            if wait := self._wrong.take(user, self._clock()):
                raise errors.RateLimited(scope="resume_tokens", retry_after_ms=wait) from None
            raise

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

    async def _resume(
        self, attachment: Attachment, message: UserJoin, session_id: str, token: str, reply: Reply
    ) -> ResumableSession | None:
        """Take a session up again; None when there is none to take up."""
        began_ns, fresh_token = time.time_ns(), new_token()
        before = await self.present(message.user_id, session_id, token, fresh_token, self._node)
        if before is None:
            return None
        came = before.node != self._node
        session, torn, held = await self._fetch(before, attachment, fresh_token)
        after, reason = self._replay_from(session, message, torn)
        resumed = "snapshot" if after is None else "replayed"
        resume = Resume(resumed, reason, bool(message.fresh), began_ns)
        session.attach(attachment, after)
        session.resume_token, session.token_confirmed = fresh_token, False
        if after is None:  # relays of an epoch before are void, those that wait for an accept too
            self._routes.take_held(session.id)
            held = ()
        try:
            calls = await self._go_on(session, resume, came=came)
        except BaseException:
            if came:  # part of what the old home handed over is lost
                session.begin_anew()
            await self._detached.lost(session)
            raise
        self._routes.hold(held)
        self._detached.forget(session.id)
        self._renewal.begin(session)
        self._greeting.give(session, calls, reply, resumed)
        for call in calls:
            if call.callee == session.user and call.unaccepted and not call.crowded:
                self._ringing.ring(session, call, again=after is None)
        return session

    async def _fetch(
        self, before: SessionRef, attachment: Attachment, token: str
    ) -> tuple[ResumableSession, str | None, tuple[Held, ...]]:
        """A session without its connection, from this node or the one that was its home.

        Returns:
            The session, why what it keeps may not be whole, and what waits for its calls' accepts.
        """
        session = self._directory.get(before.id)
        if isinstance(session, ResumableSession):
            return session, None if await self._detached.supersede(session) else "busy", ()
        session, kept = await self._handover.claim(before, attachment, token)
        return (session, "home", ()) if kept is None else (session, None, kept.held)

    def _replay_from(
        self, session: ResumableSession, message: UserJoin, torn: str | None
    ) -> tuple[int | None, str]:
        """Behind which number events follow; None for a snapshot, and the reason for that.

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
            return None, reason
        self._metrics.replayed()
        return after, ""

    async def _go_on(
        self, session: ResumableSession, resume: Resume, *, came: bool
    ) -> tuple[Call, ...]:
        """Tell its user's calls that a session is back, and is at home here; the live ones.

        One that `came` from another node rings there; here, word of a ring may be on its way.
        """
        user = session.user
        returned = Returned(user, session.id, self._node, resume.resumed, resume.fresh)
        now, calls = await self._users.add(session.ref, MOST_SESSIONS), []
        if now is None:  # another has taken its place
            raise errors.TooManySessions
        for call in now.calls:
            if not call.binds(session.id) and not call.is_for(session.id):
                calls.append(call)
                continue
            after = await self._transitions.move(call.id, returned)
            calls.append(after)
            if after.binds(session.id):
                self._tracing.resumed(call, after, user, resume)
            if links(after, user)[0].absences.kept > links(call, user)[0].absences.kept:
                self._metrics.kept_by_media()
            if came and after.unaccepted and after.callee == user:
                self._ringing.take_over(session, after)
        return tuple(call for call in calls if call.state is not State.ENDED)
