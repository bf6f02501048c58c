"""What falls due in a session's life: its token's end, and fresh ICE servers in a call."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto

import structlog

from service import errors
from service.auth.keys import failure
from service.calls.call import Call
from service.deadlines import Deadlines
from service.pace import paced
from service.ports import Clock, IceSource, Identity, UserStore
from service.sessions.directory import Directory
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.telemetry.metrics.auth import AuthMetrics
from service.wire.client_events import AuthRefresh
from service.wire.server_events import (
    AuthExpiring,
    AuthRefreshed,
    Error,
    IceServersRenewed,
    ice_fields,
)

_log = structlog.get_logger(__name__)

EXPIRING_AHEAD_MS = 60_000
RENEW_AT = 0.75
_LINGER_MS = 1_000


class Due(Enum):
    """What can fall due."""

    EXPIRING = auto()
    EXPIRED = auto()
    ICE = auto()


class Renewal:
    """Keeps every session's deadlines and acts on them.

    Args:
        identify: verifies a token that came from an address, at which a forged one is counted.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        users: UserStore,
        ice: IceSource,
        identify: Callable[[str, str], Awaitable[Identity]],
        clock: Clock,
        metrics: AuthMetrics,
    ) -> None:
        self._directory = directory
        self._users = users
        self._ice = ice
        self._identify = identify
        self._clock = clock
        self._metrics = metrics
        self._deadlines: Deadlines[tuple[str, Due]] = Deadlines()

    def __len__(self) -> int:
        return len(self._deadlines)

    def begin(self, session: Session) -> None:
        """A session has joined with fresh ICE servers."""
        self._watch_token(session)
        self._watch_ice(session)

    def finish(self, session: Session) -> None:
        """A session has left."""
        for due in Due:
            self._deadlines.set((session.id, due), None)

    async def refresh(self, who: Session, message: AuthRefresh, reply: Reply) -> None:
        """Renew the identity in place.

        Raises:
            Unauthenticated, TokenExpired: the token is not good.
            Forbidden: it is another user's; the session stays as it was.
            AuthUnavailable: it cannot be judged now.
        """
        try:
            # In a task: keys may have to be fetched, within a deadline that a task can have.
            identity = await asyncio.ensure_future(self._identify(message.token, who.address))
            if identity.user != who.user:
                self._metrics.failed(errors.Forbidden.code)
                raise errors.Forbidden("The token is another user's.")
        except errors.RinglineError as error:
            self._metrics.refreshed(ok=False)
            _log.info("auth.refresh_refused", reason=failure(error))
            raise
        self._metrics.refreshed(ok=True)
        self._renew(who, identity)
        refreshed = AuthRefreshed(expires_at=identity.expires_at)
        reply.ok(refreshed)
        who.emit(refreshed.event, refreshed.encode())

    async def tick(self) -> None:
        """Act on everything that is due."""
        async for session_id, due in paced(self._deadlines.pop_due(self._clock())):
            session = self._directory.get(session_id)
            if session is None:
                continue
            if due is Due.EXPIRING:
                expiring = AuthExpiring(expires_at=session.identity.expires_at)
                session.emit(expiring.event, expiring.encode())
            elif due is Due.EXPIRED:
                await self._expire(session)
            else:
                await self._renew_ice(session)

    def _renew(self, session: Session, identity: Identity) -> None:
        session.identity = identity
        self._watch_token(session)

    def _watch_token(self, session: Session) -> None:
        end = session.identity.expires_at
        self._deadlines.set((session.id, Due.EXPIRING), end - EXPIRING_AHEAD_MS)
        self._deadlines.set((session.id, Due.EXPIRED), session.identity.good_until)

    async def _expire(self, session: Session) -> None:
        """A session in a live call may finish it; any other is told and closed."""
        engaged = (await self._users.engagements(session.user)).calls
        if any(_concerns(call, session) for call in engaged):
            self._deadlines.set((session.id, Due.EXPIRED), self._clock() + _LINGER_MS)
            return
        told = Error.of(errors.TokenExpired(), "connect", None, None)
        session.emit(told.event, told.encode())
        session.close("token_expired")

    async def _renew_ice(self, session: Session) -> None:
        """Only a call needs fresh servers unasked; the next call brings its own."""
        engaged = (await self._users.engagements(session.user)).calls
        if any(call.binds(session.id) for call in engaged):
            ice = self._ice.servers(session.user, self._clock())
            renewed = IceServersRenewed(**ice_fields(ice))
            session.emit(renewed.event, renewed.encode())
        self._watch_ice(session)

    def _watch_ice(self, session: Session) -> None:
        now = self._clock()
        self._deadlines.set((session.id, Due.ICE), now + int(self._ice.lasts(now) * RENEW_AT))


def _concerns(call: Call, session: Session) -> bool:
    """Whether the session is in the call, or rung by it."""
    return call.binds(session.id) or (call.unaccepted and call.callee == session.user)
