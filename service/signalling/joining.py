"""Coming and going: a connection becomes a session, and a session leaves."""

from service import errors, ids
from service.deadlines import Deadlines
from service.ports import Clock, Engagements, Identity, SessionStore, UserStore
from service.session_ref import SessionRef
from service.sessions.attachment import Attachment
from service.sessions.directory import Directory
from service.sessions.liveness import Liveness
from service.sessions.replay import ReplayMemory
from service.sessions.reply import Reply
from service.sessions.resumable_session import ResumableSession
from service.sessions.resume_tokens import hashed, new_token
from service.sessions.session import Session
from service.signalling.call_control import CallControl
from service.signalling.greeting import Greeting
from service.signalling.presence import Presence
from service.signalling.renewal import Renewal
from service.signalling.ringing import Ringing
from service.wire.client_events import UserJoin
from service.wire.packets import DISCONNECT
from service.wire.server_events import Error

MOST_SESSIONS = 10


class Joining:
    """Joins connections as sessions and sees them off."""

    def __init__(
        self,
        *,
        node: str,
        users: UserStore,
        sessions: SessionStore,
        replays: ReplayMemory,
        directory: Directory,
        calls: CallControl,
        ringing: Ringing,
        presence: Presence,
        renewal: Renewal,
        liveness: Liveness,
        greeting: Greeting,
        windows: Deadlines[str],
        clock: Clock,
    ) -> None:
        self._node = node
        self._users = users
        self._sessions = sessions
        self._replays = replays
        self._directory = directory
        self._calls = calls
        self._ringing = ringing
        self._presence = presence
        self._renewal = renewal
        self._liveness = liveness
        self._greeting = greeting
        self._windows = windows
        self._clock = clock

    async def join(self, attachment: Attachment, message: UserJoin, reply: Reply) -> Session:
        """Make a connection a new session of the user whose token it showed.

        Raises:
            TooManySessions: the user has ten already.

        Whatever else it raises, the session has left again; a client that was told of it already
        is closed, and comes back.
        """
        session = self._session(attachment, message)
        session.hold()
        self._renewal.begin(session)
        try:
            now = await self.enter(session)
            self._greeting.give(session, now.calls, reply)
            for call in now.calls:
                if call.callee == session.user and call.unaccepted and not call.crowded:
                    self._ringing.ring(session, call)
        except BaseException:
            if reply.outcome is not None:
                attachment.close("internal")
            await self.leave(session)
            raise
        return session

    async def enter(self, session: Session) -> Engagements:
        """Have a session be one of its user's; what the user does.

        Raises:
            TooManySessions: as `join` has it. Whatever it raises, the session is to leave again.
        """
        self._directory.add(session)  # before the store has it: a call may ring at once
        now = await self._admit(session.ref)
        if isinstance(session, ResumableSession):
            await self._sessions.add(session.ref, hashed(session.resume_token))
        self._liveness.ask(ref.id for ref in now.sessions if ref.id != session.id)
        self._presence.changed(session.user)
        return now

    async def rejoin(self, session: Session, message: UserJoin, reply: Reply) -> None:
        """Joining again on one connection gets the same reply and does nothing."""
        check_user(session.identity, message)
        now = await self._users.engagements(session.user)
        self._greeting.give(session, now.calls, reply)

    async def leave(self, session: Session) -> None:
        """See a session off: its calls end, its watches stop, its watchers hear of it.

        Where a store fails the rest is done all the same, and it may be called again.
        """
        self._directory.remove(session)
        self._windows.set(session.id, None)
        self._renewal.finish(session)
        self._presence.forget(session)
        try:
            if isinstance(session, ResumableSession):
                session.end()
                await self._sessions.remove(session.id)
        finally:
            try:
                await self._calls.lost(session)
                self._presence.changed(session.user)
            finally:
                self._liveness.over(session)

    def _session(self, attachment: Attachment, message: UserJoin) -> Session:
        ref = SessionRef(
            ids.session_id(),
            message.user_id,
            self._node,
            message.device_id,
            glare="resume" in (message.features or ()),
            resumable=message.can_resume,
        )
        if ref.resumable:
            return ResumableSession(ref, attachment, self._replays, new_token())
        return Session(ref, attachment)

    async def _admit(self, ref: SessionRef) -> Engagements:
        """Add a session; at ten, the one that has been silent longest gives way.

        Raises:
            TooManySessions: others took every place that was made.
        """
        for _ in range(MOST_SESSIONS):
            now = await self._users.add(ref, MOST_SESSIONS)
            if now is not None:
                return now
            await self._make_room(ref.user)
        raise errors.TooManySessions

    async def _make_room(self, user: str) -> None:
        """Have the session go that has been silent longest, rather one that is in no call.

        One that is detached goes first. Its place is free at once; the rest of it is seen off when
        its connection has closed. The client is told by a DISCONNECT, so that socket.io-client does
        not come back by itself.
        """
        now = await self._users.engagements(user)
        found = [self._directory.get(ref.id) for ref in now.sessions]
        silent = sorted(
            (session for session in found if session is not None),
            key=lambda one: (
                not any(call.binds(one.id) for call in now.calls),
                one.detached,
                one.silent_s,
            ),
        )
        if silent:
            session = silent[-1]
            session.over = True
            if session.detached:
                await self.leave(session)
                return
            await self._users.remove(session.ref, self._clock())
            why = errors.TooManySessions("An eleventh session took the place of this silent one.")
            told = Error.of(why, UserJoin.event, None, None)
            session.emit(told.event, told.encode())
            session.write(DISCONNECT)
            session.close("too_many_sessions")


def check_user(identity: Identity, message: UserJoin) -> None:
    """Raise `Forbidden` unless a token is of the user who is to join."""
    if message.user_id != identity.user:
        raise errors.Forbidden("userId: it is not the subject of the token.")
