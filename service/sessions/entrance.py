"""Coming and going: a connection becomes a session, and a session leaves."""

from collections.abc import Callable
from dataclasses import dataclass

from service import errors, ids
from service.calls.placing import Placing
from service.calls.service import Calls
from service.ports import CallStore, Clock, IceSource, Identity, SessionRef, SessionStore
from service.presence import Presence
from service.sessions.directory import Directory
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.sessions.upkeep import Upkeep
from service.wire.client_events import UserJoin
from service.wire.server_events import LiveCall, UserJoined, ice_fields

MOST_SESSIONS = 10


@dataclass(frozen=True, slots=True)
class Door:
    """What a connection brings: who and where it is, and how to write to it and close it."""

    socket_id: str
    identity: Identity
    address: str
    write: Callable[[bytes], None]
    close: Callable[[str], None]
    traceparent: str | None = None


class Entrance:
    """Joins connections as sessions and sees them off."""

    def __init__(
        self,
        *,
        sessions: SessionStore,
        store: CallStore,
        directory: Directory,
        calls: Calls,
        placing: Placing,
        presence: Presence,
        upkeep: Upkeep,
        ice: IceSource,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._directory = directory
        self._calls = calls
        self._placing = placing
        self._presence = presence
        self._upkeep = upkeep
        self._ice = ice
        self._clock = clock

    async def join(self, door: Door, message: UserJoin, reply: Reply) -> Session:
        """Make the connection a session of its user.

        Raises:
            Forbidden: the user is not the token's.
            TooManySessions: the user has ten already.

        Whatever else it raises, the session has left again; a client that was told of it already
        is closed, and comes back.
        """
        _check_user(door.identity, message)
        ref = SessionRef(
            ids.session_id(),
            message.user_id,
            message.device_id,
            "resume" in (message.features or ()),
        )
        if not await self._sessions.add(ref, MOST_SESSIONS):
            raise errors.TooManySessions
        session = Session(
            ref,
            door.identity,
            door.write,
            door.close,
            address=door.address,
            traceparent=door.traceparent,
        )
        session.hold()
        self._directory.add(session)
        self._upkeep.begin(session)
        try:
            await self._welcome(door, session, reply)
            await self._placing.ring_late(session)
            await self._presence.changed(session.user)
        except BaseException:
            if reply.answer is not None:
                door.close("internal")
            await self.leave(session)
            raise
        return session

    async def rejoin(self, door: Door, session: Session, message: UserJoin, reply: Reply) -> None:
        """Joining again on one connection gets the same reply and does nothing."""
        _check_user(session.identity, message)
        await self._welcome(door, session, reply)

    async def leave(self, session: Session) -> None:
        """See a session off: its calls end, its watches stop, its watchers hear of it."""
        self._directory.remove(session)
        self._upkeep.finish(session)
        self._presence.forget(session)
        await self._sessions.remove(session.ref, self._clock())
        await self._calls.lost(session)
        await self._presence.changed(session.user)

    async def _welcome(self, door: Door, session: Session, reply: Reply) -> None:
        calls = (await self._store.engagements(session.user)).calls
        now = self._clock()
        joined = UserJoined(
            user_id=session.user,
            socket_id=door.socket_id,
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
