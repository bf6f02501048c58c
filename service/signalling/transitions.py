"""Moving a call: decide, compare-and-set, tell. The store decides every race.

What one node does to a call it does in turn, so that what its moves send goes out in the order
of the moves, however late the store answers. A move is decided on the call as this node last saw
it, which costs one round trip; what is refused on that, or changes nothing, is decided again on
the call as it is stored.
"""

from collections.abc import Callable
from itertools import count

from service import errors, ids
from service.calls.call import Call
from service.calls.effects import Audience
from service.calls.events import DeadlinePassed, Event
from service.calls.machine import Decision, decide
from service.calls.timeouts import Timeouts
from service.envelopes import Moved
from service.keyed_locks import KeyedLocks
from service.ports import CallStore, Clock, Delivery
from service.session_ref import SessionRef
from service.sessions.directory import Directory
from service.signalling.call_routes import Routes
from service.signalling.elsewhere import Elsewhere
from service.wire.server_events import encode_message

Happened = Event | Callable[[Call], Event | None]
"""An event, or how to tell it, if there is one, from the call as it stands."""
Refs = tuple[SessionRef, ...]
OtherNode = tuple[SessionRef, list[tuple[str, str, bytes]]]
"""A session of another node, and what sessions there are to be told."""


class Transitions:
    """Takes calls from one state to the next and tells everyone concerned."""

    def __init__(
        self,
        *,
        node: str,
        calls: CallStore,
        directory: Directory,
        delivery: Delivery,
        routes: Routes,
        elsewhere: Elsewhere,
        locks: KeyedLocks,
        clock: Clock,
        timeouts: Timeouts,
    ) -> None:
        self._node = node
        self._calls = calls
        self._directory = directory
        self._delivery = delivery
        self._routes = routes
        self._elsewhere = elsewhere
        self._locks = locks
        self._clock = clock
        self._timeouts = timeouts
        self._run = ids.call_id()
        self._count = count()

    async def load(self, call_id: str) -> Call:
        """The call, live or lately ended.

        Raises:
            CallNotFound: nobody remembers such a call.
        """
        call = await self._calls.load(call_id)
        if call is None:
            raise errors.CallNotFound
        return call

    async def check(self, call_id: str, event: Event) -> None:
        """Raise what `move` would, as the call stands in the store; change nothing."""
        decide(await self.load(call_id), event, self._clock(), self._timeouts)

    async def move(
        self,
        call_id: str,
        event: Happened,
        actor: SessionRef | None = None,
        decided: Callable[[Call], object] | None = None,
    ) -> Call:
        """Apply an event to a call, however often others move it meanwhile.

        `actor` is the session that did it; `decided` is told the call as it became, before anything
        is sent.

        Raises:
            CallNotFound: nobody remembers such a call.
            RinglineError: the machine refuses; nothing has changed.
        """
        if (turn := self._locks.enter(call_id)) is not None:
            await self._locks.granted(call_id, turn)
        try:
            before, decision = await self._decide(call_id, event)
            if decided is not None:
                decided(decision.call)
            self._tell(before, decision, actor)
            self._routes.informed(decision.call, actor)
            if decision.call is not before:  # else whoever moved it tells this node so
                self._routes.follow(decision.call, before)
                self._elsewhere.moved(before, decision.call)
        finally:
            self._locks.leave(call_id)
        return decision.call

    async def _decide(self, call_id: str, event: Happened) -> tuple[Call, Decision]:
        """What comes of the event, stored; the call before it."""
        route = self._routes.get(call_id)
        call = await self.load(call_id) if route is None else route.call
        cached = route is not None
        while True:
            decision = self._judge(call, event, cached=cached)
            if decision is None:
                call, cached = await self.load(call_id), False
                continue
            if decision.call is call:
                return call, decision
            op = f"{self._run}:{next(self._count)}"
            stands = await self._calls.swap(call, decision.call, op)
            if stands is decision.call:
                return call, decision
            if stands is None:
                raise errors.CallNotFound
            call, cached = stands, False

    def _judge(self, call: Call, event: Happened, *, cached: bool) -> Decision | None:
        """The machine's decision; None when what stands in the store must be seen first."""
        what = event(call) if callable(event) else event
        if what is None:
            return Decision(call)
        try:
            decision = decide(call, what, self._clock(), self._timeouts)
        except errors.RinglineError:
            if cached:
                return None
            raise
        return None if cached and decision.call is call else decision

    def _tell(self, before: Call, decision: Decision, actor: SessionRef | None) -> None:
        """Send the messages in their order; nothing may wait between the first and the last.

        The homes of all whom a move concerns hear of it, also where nobody is to be told; of an
        event that changed nothing only the actor's does.
        """
        call, here = decision.call, self._node
        parties, former = call.parties, before.parties
        acting = () if actor is None else (actor,)
        away: dict[str, OtherNode] = {}
        for send in decision.sends:
            event, payload = encode_message(send.message)
            for ref in _receivers(send.to, call, parties, former, acting):
                if ref.node != here:
                    away.setdefault(ref.node, (ref, []))[1].append((ref.id, event, payload))
                elif (session := self._directory.reach(ref.id)) is not None:
                    session.emit(event, payload)
        rung = before.devices if before.accepted_at is None else ()
        concerned = (*parties, *former, *rung, *acting)
        for ref in acting if call is before else concerned:
            if ref.node != here:
                away.setdefault(ref.node, (ref, []))
        for ref, told in away.values():
            self._delivery.send(ref, Moved(call, tuple(told)))


def _receivers(to: Audience, call: Call, parties: Refs, former: Refs, acting: Refs) -> Refs:
    """The sessions that a message of a decision is for."""
    match to:
        case Audience.CALLER:
            return parties[:1]
        case Audience.CALLEE:
            return parties[1:]
        case Audience.ACTOR:
            return acting
        case Audience.DEVICES:
            return call.ringing
        case Audience.OTHER_DEVICES:
            actors = [ref.id for ref in acting]
            others = (ref for ref in call.ringing if ref.id not in actors)
            return tuple(ref for ref in others if not call.taken_on(ref))
        case Audience.REPLACED:
            return tuple(ref for ref in former if not call.binds(ref.id))


def overdue(now: int) -> Happened:
    """The deadline has passed, unless the call has meanwhile moved on to a later one."""
    return lambda call: (
        DeadlinePassed() if call.deadline is not None and call.deadline <= now else None
    )
