"""The calls of users, told to those of their sessions that do not have them.

Which sessions these are, only the store knows. Each is told all live calls of its user, as its home
reads them after the change: in whatever order nodes hear of changes, what is told last is true.
"""

from service.calls.call import Call, State
from service.envelopes import CallsChanged
from service.keyed_locks import KeyedLocks
from service.ports import Clock, Delivery, UserStore
from service.sessions.session import Session
from service.tasks import Tasks
from service.wire import server_events as told


class Elsewhere:
    """Tells resumable sessions which calls are at another session of their user, or are no more."""

    def __init__(self, *, users: UserStore, delivery: Delivery, tasks: Tasks, clock: Clock) -> None:
        self._users = users
        self._delivery = delivery
        self._tasks = tasks
        self._clock = clock
        self._locks = KeyedLocks()

    def moved(self, before: Call, after: Call) -> None:
        """Have the other sessions of its users be told, if a session took the call, or lost it."""
        if _is_news(before, after):
            self._tasks.start(self._spread(after))

    async def _spread(self, call: Call) -> None:
        for user in await self._users.situation(call.caller, call.callee):
            for ref in user.sessions:
                if ref.resumable and not call.binds(ref.id):
                    self._delivery.send(ref, CallsChanged())

    async def tell(self, session: Session) -> None:
        """Tell a session of this node how the calls of its user are now."""
        async with self._locks.of(session.id):  # what was read last is told last
            calls, now = (await self._users.engagements(session.user)).calls, self._clock()
            live = tuple(told.LiveCall.of(call, now, session.ref) for call in calls)
            changed = told.CallsChanged(calls=live)
            session.emit(changed.event, changed.encode())


def _is_news(before: Call, after: Call) -> bool:
    """Whether a session has taken a call that could move, or had it until now."""
    if after.accepted_at is None or not (after.calling.resumable or after.called.resumable):
        return False
    taken = after.caller_session, after.callee_session
    ended = after.state is State.ENDED and before.state is not State.ENDED
    return ended or taken != (before.caller_session, before.callee_session)
