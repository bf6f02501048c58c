"""Coming and going: a connection becomes a session, and a session leaves."""

from collections.abc import Callable
from dataclasses import dataclass

from service import errors, ids
from service.calls.call import Call
from service.ports import Clock, Engagements, IceSource, Identity, UserStore
from service.session_ref import SessionRef
from service.sessions.directory import Directory
from service.sessions.liveness import Liveness
from service.sessions.reply import Reply
from service.sessions.session import Pulse, Session
from service.signalling.call_control import CallControl
from service.signalling.presence import Presence
from service.signalling.renewal import Renewal
from service.signalling.ringing import Ringing
from service.wire.client_events import UserJoin
from service.wire.packets import DISCONNECT
from service.wire.server_events import Error, LiveCall, UserJoined, ice_fields

MOST_SESSIONS = 10


@dataclass(frozen=True, slots=True)
class Joiner:
    """What a connection brings: who and where it is, and how to write to it and close it."""

    socket_id: str
    identity: Identity
    address: str
    write: Callable[[bytes], None]
    close: Callable[[str], None]
    pulse: Pulse
    traceparent: str | None = None


class Joining:
    """Joins connections as sessions and sees them off."""

    def __init__(
        self,
        *,
        node: str,
        users: UserStore,
        directory: Directory,
        calls: CallControl,
        ringing: Ringing,
        presence: Presence,
        renewal: Renewal,
        liveness: Liveness,
        ice: IceSource,
        clock: Clock,
    ) -> None:
        self._node = node
        self._users = users
        self._directory = directory
        self._calls = calls
        self._ringing = ringing
        self._presence = presence
        self._renewal = renewal
        self._liveness = liveness
        self._ice = ice
        self._clock = clock

    async def join(self, joiner: Joiner, message: UserJoin, reply: Reply) -> Session:
        """Make the connection a session of its user.

        Raises:
            Forbidden: the user is not the token's.
            TooManySessions: the user has ten already.

        Whatever else it raises, the session has left again; a client that was told of it already
        is closed, and comes back.
        """
        _check_user(joiner.identity, message)
        session = self._session(joiner, message)
        session.hold()
        self._directory.add(session)  # before the store has it: a call may ring at once
        self._renewal.begin(session)
        try:
            now = await self._admit(session.ref)
            self._liveness.ask(ref.id for ref in now.sessions if ref.id != session.id)
            self._welcome(joiner, session, now.calls, reply)
            for call in now.calls:
                if call.callee == session.user and call.unaccepted and not call.crowded:
                    self._ringing.ring(session, call)
            self._presence.changed(session.user)
        except BaseException:
            if reply.outcome is not None:
                joiner.close("internal")
            await self.leave(session)
            raise
        return session

    async def rejoin(
        self, joiner: Joiner, session: Session, message: UserJoin, reply: Reply
    ) -> None:
        """Joining again on one connection gets the same reply and does nothing."""
        _check_user(session.identity, message)
        now = await self._users.engagements(session.user)
        self._welcome(joiner, session, now.calls, reply)

    async def leave(self, session: Session) -> None:
        """See a session off: its calls end, its watches stop, its watchers hear of it."""
        self._directory.remove(session)
        self._renewal.finish(session)
        self._presence.forget(session)
        try:
            await self._calls.lost(session)
            self._presence.changed(session.user)
        finally:
            self._liveness.over(session)

    def _session(self, joiner: Joiner, message: UserJoin) -> Session:
        ref = SessionRef(
            ids.session_id(),
            message.user_id,
            self._node,
            message.device_id,
            glare="resume" in (message.features or ()),
        )
        return Session(
            ref,
            joiner.identity,
            joiner.write,
            joiner.close,
            joiner.pulse,
            address=joiner.address,
            traceparent=joiner.traceparent,
        )

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

        Its place is free at once; the rest of it is seen off when its connection has closed. The
        client is told by a DISCONNECT, so that socket.io-client does not come back by itself.
        """
        now = await self._users.engagements(user)
        found = [self._directory.get(ref.id) for ref in now.sessions]
        silent = sorted(
            (session for session in found if session is not None),
            key=lambda one: (not any(call.binds(one.id) for call in now.calls), one.pulse.silent_s),
        )
        if silent:
            session = silent[-1]
            await self._users.remove(session.ref, self._clock())
            why = errors.TooManySessions("An eleventh session took the place of this silent one.")
            told = Error.of(why, UserJoin.event, None, None)
            session.emit(told.event, told.encode())
            session.write(DISCONNECT)
            session.close("too_many_sessions")

    def _welcome(
        self, joiner: Joiner, session: Session, calls: tuple[Call, ...], reply: Reply
    ) -> None:
        now = self._clock()
        joined = UserJoined(
            user_id=session.user,
            socket_id=joiner.socket_id,
            session_id=session.id,
            resume_token=None,
            resume_window_ms=0,
            resumed="none",
            last_n=0,
            calls=tuple(LiveCall.of(call, now) for call in calls),
            **ice_fields(self._ice.servers(session.user, now)),
        )
        reply.ok(joined)
        session.greet(joined.event, joined.encode())


def _check_user(identity: Identity, message: UserJoin) -> None:
    if message.user_id != identity.user:
        raise errors.Forbidden("userId: it is not the subject of the token.")
