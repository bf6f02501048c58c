"""Accepting a call without a connection, as from a lock screen: the session is joined later."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from service import errors, ids
from service.calls.call import Call, State
from service.calls.events import Accepted
from service.ports import Clock, IceServers, IceSource, Identity, Outcome, ReplyStore, SessionStore
from service.session_ref import SessionRef
from service.sessions.repeats import REMEMBER_MS
from service.sessions.replay import ReplayMemory
from service.sessions.resumable_session import NOWHERE, ResumableSession
from service.sessions.resume_tokens import hashed, new_token
from service.signalling.call_control import CallControl
from service.signalling.detached import DetachedSessions
from service.signalling.joining import Joining
from service.signalling.resuming import Resuming
from service.wire.server_events import CallAccepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client asks for that accepts without a connection.

    With `session_id` and `resume_token` it accepts for a session that it has, else for a new one of
    the device.
    """

    request_id: str
    device_id: str | None = None
    region: str | None = None
    session_id: str | None = None
    resume_token: str | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where to take a session up: behind event `last_seq` of an epoch."""

    session_id: str
    epoch: str
    last_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A call that was accepted, and how its session is taken up; within `resume_window_ms`."""

    place: Place
    resume_token: str
    resume_window_ms: int
    call: Call
    ice: IceServers


class Accepting:
    """Accepts calls for sessions without a connection, each request once."""

    def __init__(
        self,
        *,
        node: str,
        sessions: SessionStore,
        replies: ReplyStore,
        replays: ReplayMemory,
        calls: CallControl,
        joining: Joining,
        resuming: Resuming,
        detached: DetachedSessions,
        ice: IceSource,
        clock: Clock,
        draining: Callable[[], bool],
    ) -> None:
        self._node = node
        self._sessions = sessions
        self._replies = replies
        self._replays = replays
        self._calls = calls
        self._joining = joining
        self._resuming = resuming
        self._detached = detached
        self._ice = ice
        self._clock = clock
        self._draining = draining

    async def accept(self, identity: Identity, call_id: str, wish: Wish) -> Taken:
        """Accept a call; a repeat of the request gets the same session, and another token of it.

        Raises:
            InvalidPayload: the region is unknown.
            ServerDraining: this node is stopping: nobody could join here.
            Forbidden, RateLimited: the resume token is not the session's.
            CallNotFound, CallEnded, AlreadyAnswered, NotParticipant: as for any accept. Nothing is
                left of a session that was made for it.
        """
        ice = self._ice.servers(identity.user, self._clock(), wish.region)
        if self._draining():
            raise errors.ServerDraining
        key = (identity.user, f"accept {call_id}", wish.request_id)
        first = await self._replies.claim(key, self._clock())
        if first is not None:
            place = msgspec.json.decode(first.fields, type=Place)
            token, call = await self._again(identity.user, call_id, place)
        else:
            try:
                place, token, call = await self._once(identity, call_id, wish)
            except BaseException:
                await self._replies.settle(key, None, self._clock())
                raise
            outcome = Outcome(ok=True, event=CallAccepted.event, fields=msgspec.json.encode(place))
            await self._replies.settle(key, outcome, self._clock() + REMEMBER_MS)
        return Taken(
            place=place,
            resume_token=token,
            resume_window_ms=self._detached.window_ms,
            call=call,
            ice=ice,
        )

    async def _again(self, user: str, call_id: str, place: Place) -> tuple[str, Call]:
        """Another token of the session that has accepted, and the call as it is now."""
        token, call = new_token(), await self._calls.load(call_id)
        if await self._sessions.issue(place.session_id, user, hashed(token)):
            return token, call
        raise errors.CallEnded if call.state is State.ENDED else errors.AlreadyAnswered

    async def _once(self, identity: Identity, call_id: str, wish: Wish) -> tuple[Place, str, Call]:
        """Accept for the session that the request names, or for one that is made for it."""
        await self._calls.check_accept(call_id, identity.user)  # before another session yields
        if wish.session_id is not None and wish.resume_token is not None:
            token = new_token()
            async with self._detached.turn_of(wish.session_id):
                session = await self._resuming.find(
                    identity, wish.session_id, wish.resume_token, token
                )
                if session is not None:
                    return await self._take(session, token, call_id)
        session = self._new_session(identity, wish.device_id)
        async with self._detached.turn_of(session.id):
            try:
                await self._joining.enter(session)
                return await self._take(session, session.resume_token, call_id)
            except BaseException:
                await self._detached.leave(session)
                raise

    def _new_session(self, identity: Identity, device: str | None) -> ResumableSession:
        ref = SessionRef(
            ids.session_id(), identity.user, self._node, device, glare=True, resumable=True
        )
        nobody = NOWHERE._replace(identity=identity)
        session = ResumableSession(ref, nobody, self._replays, new_token())
        session.detach()
        return session

    async def _take(
        self, session: ResumableSession, token: str, call_id: str
    ) -> tuple[Place, str, Call]:
        """Accept for a session, whose window begins then if it has no connection."""
        ref, away = session.ref, session.detached
        if away:
            self._detached.wait_for(session)
        replay = session.replay
        place = Place(session_id=session.id, epoch=replay.epoch, last_seq=replay.floor)
        accepted = Accepted(
            ref.user, ref.id, ref.node, resumable=True, away=away, device=ref.device
        )
        call = await self._calls.take(call_id, accepted, ref)
        if session.detached and not away:  # it was lost meanwhile
            await self._detached.tell_away(session)
        return place, token, call
