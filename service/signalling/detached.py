"""Sessions without a connection: they wait for their clients, and end where nobody comes back."""

from service import errors
from service.calls.call import Call, State
from service.calls.events import Detached
from service.calls.sides import links
from service.deadlines import Deadlines
from service.keyed_locks import Held, KeyedLocks
from service.pace import paced
from service.ports import Clock, UserStore
from service.sessions.directory import Directory
from service.sessions.liveness import Liveness
from service.sessions.resumable_session import ResumableSession
from service.sessions.session import Session
from service.signalling.joining import Joining
from service.signalling.renewal import Renewal
from service.signalling.transitions import Happened, Transitions
from service.telemetry.metrics.sessions import SessionMetrics
from service.telemetry.tracing import Tracing
from service.wire.client_events import UserJoin
from service.wire.packets import DISCONNECT, EVENT
from service.wire.server_events import Error

_LOOK_AGAIN_MS = 1_000


class DetachedSessions:
    """Takes sessions from their connections, and gives those up that nobody came back for.

    Args:
        windows: when each is given up.
        window_ms: how long a detached session waits for its client; in a connected call it waits
            for as long as the call does.
    """

    def __init__(
        self,
        *,
        users: UserStore,
        directory: Directory,
        joining: Joining,
        transitions: Transitions,
        renewal: Renewal,
        liveness: Liveness,
        windows: Deadlines[str],
        clock: Clock,
        metrics: SessionMetrics,
        tracing: Tracing,
        window_ms: int,
    ) -> None:
        self._users = users
        self._directory = directory
        self._joining = joining
        self._transitions = transitions
        self._renewal = renewal
        self._liveness = liveness
        self._clock = clock
        self._metrics = metrics
        self._tracing = tracing
        self.window_ms = window_ms
        self._locks = KeyedLocks()
        self._windows = windows
        self._leaving: dict[str, Session] = {}
        """Those that have ended, of which a store has yet to hear."""

    def __len__(self) -> int:
        return len(self._windows)

    def turn_of(self, session_id: str) -> Held:
        """One at a time takes a session up, gives it up, or hands it over: for `async with`."""
        return self._locks.of(session_id)

    async def lost(self, session: Session) -> None:
        """A session's connection is gone: it waits for its client, or ends with it."""
        if not isinstance(session, ResumableSession) or session.over:
            await self.leave(session)
            return
        self.detach(session)
        await self.tell_away(session)

    async def tell_away(self, session: ResumableSession) -> tuple[Call, ...]:
        """Have the calls that bind a session hear that it is away, unless it is back; these."""
        calls = (await self._users.engagements(session.user)).calls
        bound = [call for call in calls if call.binds(session.id)]
        for index, call in enumerate(bound):
            if links(call, session.user)[0].away_at is None:
                bound[index] = await self._transitions.move(call.id, _gone(session))
                self._tracing.detached(bound[index], session.user)
        return tuple(bound)

    def detach(self, session: ResumableSession) -> None:
        """Have a session be without a connection, and its window begin."""
        session.detach()
        self._liveness.over(session)
        self._renewal.finish(session)
        self.wait_for(session)

    def wait_for(self, session: ResumableSession) -> None:
        """Give a session up at the end of a window, from now on."""
        self._leaving.pop(session.id, None)
        self._windows.set(session.id, self._clock() + self.window_ms)

    async def leave(self, session: Session) -> None:
        """A session ends, with or without a connection; a store that fails hears of it later."""
        self.forget(session.id)
        try:
            await self._joining.leave(session)
        except BaseException:
            self._leaving[session.id] = session
            self._look_again(session)
            raise

    def forget(self, session_id: str) -> None:
        """A session has a connection again, or another home."""
        self._windows.set(session_id, None)
        self._leaving.pop(session_id, None)

    async def supersede(self, session: ResumableSession) -> bool:
        """Take a session that is taken up from the connection that it may still have.

        False if that took too long.

        The client there is told by a DISCONNECT, so that socket.io-client does not come back: the
        two would take the session from each other for ever.
        """
        if session.detached:
            self._metrics.returned(session.silent_s)
            return True
        write, close = session.write, session.close
        whole = await session.fence()
        told = Error.of(errors.SessionReplaced(), UserJoin.event, None, None)
        write(EVENT % (told.event.encode(), told.encode()))
        write(DISCONNECT)
        close("session_replaced")
        self.detach(session)
        return whole

    async def tick(self) -> None:
        """Give up the sessions whose clients did not come back in time."""
        async for session_id in paced(self._windows.pop_due(self._clock())):
            async with self.turn_of(session_id):
                if session_id not in self._windows:  # else it accepted a call meanwhile
                    await self._end_window(session_id)

    async def close(self) -> None:
        """End the sessions that wait for their clients: this node is not there any more."""
        async for session in paced(tuple(self._directory)):
            if session.detached:
                await self.leave(session)

    async def _end_window(self, session_id: str) -> None:
        if (leaving := self._leaving.get(session_id)) is not None:
            await self.leave(leaving)
            return
        session = self._directory.get(session_id)
        if isinstance(session, ResumableSession) and session.detached:
            await self._give_up(session)

    async def _give_up(self, session: ResumableSession) -> None:
        """End a session, unless a connected call of it waits still, or a store fails."""
        self._look_again(session)
        calls = await self.tell_away(session)  # a store may have failed when it was lost
        if not any(call.state is State.CONNECTED for call in calls):
            self._metrics.gave_up()
            await self.leave(session)

    def _look_again(self, session: Session) -> None:
        self._windows.set(session.id, self._clock() + _LOOK_AGAIN_MS)


def _gone(session: ResumableSession) -> Happened:
    """A session has lost its connection, unless it is back before its call hears of that."""
    gone = Detached(session.user, session.id)
    return lambda _: gone if session.detached else None
