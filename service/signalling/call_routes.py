"""The live calls in which this node has a part: how each stands, and where its messages go.

A route begins where the caller's session lives, where a device rings, and where one accepts. It
follows the calls that moves tell of, and ends with its call, or with the node's part in that.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from service.calls.call import Call, State
from service.envelopes import Held, Relayed
from service.ports import CallObserver, Delivery
from service.session_ref import SessionRef
from service.sessions.directory import Directory

MOST_OVER = 1_000
"""Calls remembered that rang no more before this node was to ring; the first go first."""


@dataclass(slots=True)
class Side:
    """One of the two sessions that a call binds."""

    emit: Callable[[str, bytes], None] | None
    """Takes an event to the other side; None while the caller waits for an accept."""
    candidates: int = 0
    """How many it has sent since the last offer."""


@dataclass(slots=True)
class Route:
    """One live call, as this node last saw it."""

    call: Call
    sides: dict[str, Side]
    held: list[tuple[str, bytes]] = field(default_factory=list)
    """What the caller sent before the accept."""
    held_bytes: int = 0
    rung: set[str] = field(default_factory=set)
    """The sessions of this node that it has rung on."""
    informed: set[str] = field(default_factory=set)
    """Those that were told why it ended, or rings no more."""


class Routes:
    """The routes of one node.

    Args:
        node: its name.
        observers: are told what the calls do whose caller's session lives here.
        moved: told of every call that changed its state.
    """

    def __init__(
        self,
        node: str,
        directory: Directory,
        delivery: Delivery,
        observers: Sequence[CallObserver] = (),
        moved: Callable[[Call], None] = lambda _call: None,
    ) -> None:
        self._node = node
        self._directory = directory
        self._delivery = delivery
        self._observers = tuple(observers)
        self._moved = moved
        self._routes: dict[str, Route] = {}
        self.get: Callable[[str], Route | None] = self._routes.get
        """Finds a call's route by the call's id, if this node has a part in it."""
        self._pairs: dict[frozenset[str], str] = {}
        self._over: OrderedDict[str, set[str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._routes)

    def between(self, one: str, other: str) -> Route | None:
        """The route of the live call of two users."""
        call_id = self._pairs.get(frozenset((one, other)))
        return None if call_id is None else self._routes.get(call_id)

    def calls(self) -> tuple[Call, ...]:
        """The live calls that bind a session of this node."""
        calls = (route.call for route in self._routes.values())
        return tuple(call for call in calls if self._binds_here(call))

    def _binds_here(self, call: Call) -> bool:
        """Whether a call binds a session of this node."""
        return self._node in (call.caller_node, call.callee_node)

    def candidates(self, call_id: str) -> int:
        """How many candidates have been sent from this node since the last offer."""
        route = self._routes.get(call_id)
        return 0 if route is None else sum(side.candidates for side in route.sides.values())

    def begin(self, call: Call) -> Route:
        """Have a route for a live call in which this node has a part."""
        route = self._routes.get(call.id)
        if route is None:
            route = self._routes[call.id] = Route(call, {call.caller_session: Side(None)})
            self._pairs[frozenset((call.caller, call.callee))] = call.id
            if call.callee_session is not None:
                self._bind(route)
            self._tell(None, call)
        return route

    def ringing(self, call: Call) -> Route | None:
        """A call's route, while there is something to answer as far as this node knows."""
        route = self._routes.get(call.id)
        if route is not None and route.call.revision >= call.revision:
            call = route.call
        if not call.unaccepted or call.id in self._over:
            return None
        return route or self.begin(call)

    def informed(self, call: Call, session: SessionRef | None) -> None:
        """A session was told how a call ended."""
        route = self._routes.get(call.id)
        if route is not None and session is not None and call.state is State.ENDED:
            route.informed.add(session.id)

    def hears(self, session: str, call: Call) -> bool:
        """Whether a session is to be told of a move: a bound one is, and one that rings, once.

        One that another session of its user has replaced was bound as far as this node knows; of
        what was before, the one or the other hears nothing any more. What a session is told may
        come after this node has followed the call to its end.
        """
        route = self._routes.get(call.id)
        if route is None:
            ringing = self._over.get(call.id, set())
            heard = session in ringing
            ringing.discard(session)
            return heard
        if session in route.informed:
            return False
        binds, bound = call.binds(session), route.call.binds(session)
        if binds or bound:
            return (binds and bound) or call.revision > route.call.revision
        route.informed.add(session)
        return session in route.rung

    def _pass_over(self, call: Call, ringing: set[str]) -> None:
        """Remember that nothing rings for a call any more, though a word of it be late.

        A device may have joined by what the store said before, and another node may be yet to say
        why: to those of `ringing`.
        """
        if not call.unaccepted:
            self._over[call.id] = ringing
            if len(self._over) > MOST_OVER:
                self._over.popitem(last=False)

    def follow(self, call: Call, before: Call | None = None) -> None:
        """Let the call's route be as the call is, unless it is ahead: what is held flows.

        `before` is given to the node that moved the call: what the call was.
        """
        route = self._routes.get(call.id)
        if route is None and before is not None and self._binds_here(call):
            route = self.begin(before)
        if route is None:
            self._pass_over(call, self._over.get(call.id, set()))
            return
        if call.revision <= route.call.revision:
            return
        known, route.call = route.call, call
        self._rebind(route, known)
        if call.state is not known.state:
            self._tell(known, call)
        elsewhere = not self._binds_here(call) and not (call.unaccepted and route.rung)
        if elsewhere or call.state is State.ENDED:
            self._end(route)

    def _rebind(self, route: Route, known: Call) -> None:
        """Follow what changed in the sessions that a call binds, and in their homes."""
        call = route.call
        if call.generation != known.generation:
            route.held, route.held_bytes = [], 0
        if call.callee_session is not None and _bound(call) != _bound(known):
            self._bind(route)
        if call.caller_node != known.caller_node:
            self._rehome(known, call)

    def _bind(self, route: Route) -> None:
        """Have both sides know each other; what a session has sent still counts."""
        calling, called = route.call.parties
        emit, call_id, known = self._towards(called, route.call.id), route.call.id, route.sides
        route.sides = {
            calling.id: Side(emit, _sent(known.get(calling.id))),
            called.id: Side(self._towards(calling, call_id), _sent(known.get(called.id))),
        }
        route.informed -= {calling.id, called.id}  # one may have been told that it is elsewhere
        for event, payload in route.held:
            emit(event, payload)
        route.held, route.held_bytes = [], 0

    def _towards(self, peer: SessionRef, call_id: str) -> Callable[[str, bytes], None]:
        # Once the call knows another home, what is sent by way of the old one may be of no epoch.
        here = peer.node == self._node
        session = self._directory.reach(peer.id) if here else self._directory.get(peer.id)
        return partial(self._send, peer, call_id) if session is None else session.emit

    def _send(self, peer: SessionRef, call_id: str, event: str, payload: bytes) -> None:
        route = self._routes.get(call_id)
        generation = 0 if route is None else route.call.generation
        self._delivery.send(peer, Relayed(call_id, event, payload, generation))

    def take_held(self, session: str) -> tuple[Held, ...]:
        """Give up what a session of this node has sent before the accepts of its calls."""
        taken: list[Held] = []
        for route in self._routes.values():
            if route.call.caller_session == session:
                taken.extend((route.call.id, event, payload) for event, payload in route.held)
                route.held, route.held_bytes = [], 0
        return tuple(taken)

    def hold(self, held: tuple[Held, ...]) -> None:
        """Have what was held on another node flow from here, now or at the accept."""
        for call_id, event, payload in held:
            route = self._routes.get(call_id)
            if route is None:
                continue
            side = route.sides.get(route.call.caller_session)
            if side is not None and side.emit is not None:
                side.emit(event, payload)
            else:
                route.held.append((event, payload))
                route.held_bytes += len(payload)

    def forget_rings(self, session: str) -> None:
        """A session rings at another node from now on, which hears of its calls."""
        for route in tuple(self._routes.values()):
            if session in route.rung:
                route.rung.discard(session)
                if not (route.rung or self._binds_here(route.call)):
                    self._end(route)

    def moving(self, session: SessionRef) -> None:
        """A session is at home here now, though its calls have not heard of it."""
        for route in self._routes.values():
            if route.call.callee_session is not None and route.call.binds(session.id):
                self._bind(route)

    def _rehome(self, before: Call, after: Call) -> None:
        if self._node in (before.caller_node, after.caller_node):
            for observer in self._observers:
                observer.rehomed(before, here=after.caller_node == self._node)

    def _tell(self, before: Call | None, after: Call) -> None:
        """Tell of a call's new state: the observers, if the caller's session lives here."""
        if after.caller_node == self._node:
            for observer in self._observers:
                observer.moved(before, after)
        self._moved(after)

    def _end(self, route: Route) -> None:
        call = route.call
        del self._routes[call.id]
        pair = frozenset((call.caller, call.callee))
        if self._pairs.get(pair) == call.id:
            del self._pairs[pair]
        self._pass_over(call, route.rung - route.informed - {call.callee_session})


def _bound(call: Call) -> tuple[str, str, str | None, str]:
    """The sessions that a call binds, and their homes."""
    return call.caller_session, call.caller_node, call.callee_session, call.callee_node


def _sent(side: Side | None) -> int:
    """How many candidates a session has sent since the last offer."""
    return 0 if side is None else side.candidates
