"""Accepting a call without a connection, as from a lock screen: the session is joined later."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from service import errors, ids
from service.calls.call import Call, State
from service.envelopes import ResumePoint
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
from service.signalling.session_accepts import SessionAccepts
from service.wire.server_events import CallAccepted


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """What a client asks for that accepts without a connection.

    With `session_id` and `resume_token` it accepts for a session that it has, else for a new one of
    the device.
    """

    request_id: str
    device_id: str | None = None
    region: str | None = None
    session_id: str | None = None
    resume_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCall:
    """A call that was accepted, and how its session is taken up; within `resume_window_ms`."""

    point: ResumePoint
    resume_token: str
    resume_window_ms: int
    call: Call
    ice: IceServers


class Accepting:
    """Accepts calls over HTTP, each request once."""

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
        accepts: SessionAccepts,
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
        self._accepts = accepts
        self._ice = ice
        self._clock = clock
        self._draining = draining

    async def accept(
        self, identity: Identity, call_id: str, request: AcceptRequest
    ) -> AcceptedCall:
        """Accept a call; a repeat of the request gets the same session, and another token of it.

        Raises:
            InvalidPayload: the region is unknown.
            ServerDraining: this node is stopping: nobody could join here.
            Forbidden, RateLimited: the resume token is not the session's.
            TooManySessions: as `Joining.join` has it.
            CallNotFound, CallEnded, AlreadyAnswered, NotParticipant: as for any accept. Nothing is
                left of a session that was made for it.
        """
        ice = self._ice.servers(identity.user, self._clock(), request.region)
        if self._draining():
            raise errors.ServerDraining
        key = (identity.user, f"accept {call_id}", request.request_id)
        first = await self._replies.claim(key, self._clock())
        if first is not None:
            point = ResumePoint(*msgspec.json.decode(first.fields))
            token = await self._another_token(identity.user, call_id, point)
        else:
            try:
                point, token = await self._once(identity, call_id, request)
            except BaseException:
                await self._replies.settle(key, None, self._clock())
                raise
            outcome = Outcome(ok=True, event=CallAccepted.event, fields=msgspec.json.encode(point))
            await self._replies.settle(key, outcome, self._clock() + REMEMBER_MS)
        return AcceptedCall(
            point=point,
            resume_token=token,
            resume_window_ms=self._detached.window_ms,
            call=await self._calls.load(call_id),
            ice=ice,
        )

    async def _another_token(self, user: str, call_id: str, point: ResumePoint) -> str:
        """Another token of a session that has accepted; raises where that has ended since."""
        token = new_token()
        if await self._sessions.issue(point.session_id, user, hashed(token)):
            return token
        over = (await self._calls.load(call_id)).state is State.ENDED
        raise errors.CallEnded if over else errors.AlreadyAnswered

    async def _once(
        self, identity: Identity, call_id: str, request: AcceptRequest
    ) -> tuple[ResumePoint, str]:
        """Accept for the session that the request names, or for one that is made for it."""
        await self._calls.check_accept(call_id, identity.user)  # before another session yields
        if request.session_id is not None and request.resume_token is not None:
            token = new_token()
            ref = await self._resuming.present(
                identity.user, request.session_id, request.resume_token, token
            )
            point = None if ref is None else await self._accept_at_home(ref, call_id, token)
            if point is not None:
                return point, token
        session = self._new_session(identity, request.device_id)
        async with self._detached.turn_of(session.id):
            try:
                await self._joining.enter(session)
                return await self._accepts.accept(session, call_id), session.resume_token
            except BaseException:
                await self._detached.leave(session)
                raise

    async def _accept_at_home(
        self, ref: SessionRef, call_id: str, token: str
    ) -> ResumePoint | None:
        """Accept for a session where it is at home, also if it has another home meanwhile."""
        point = await self._accepts.accept_at_home(ref, call_id)
        if point is not None:
            return point
        # The return that moved it has made the token void.
        now = await self._sessions.issue(ref.id, ref.user, hashed(token))
        if now is None or now.node == ref.node:
            return None
        return await self._accepts.accept_at_home(now, call_id)

    def _new_session(self, identity: Identity, device: str | None) -> ResumableSession:
        ref = SessionRef(
            ids.session_id(), identity.user, self._node, device, glare=True, resumable=True
        )
        nobody = NOWHERE._replace(identity=identity)
        session = ResumableSession(ref, nobody, self._replays, new_token())
        session.detach()
        return session
