"""Offers, answers, candidates and signals: from one side of a call to the other.

This node keeps a route for each live call, so that a relay touches no store and waits for
nothing: find the route, check the sender, forward the payload's bytes. What a caller sends
before the accept is held for the session that accepts.
"""

from dataclasses import dataclass, field

from service import errors
from service.calls.call import Call
from service.ports import Mail
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.wire.client_events import (
    CallAnswer,
    CallOffer,
    CallSignal,
    IceCandidate,
    RelayEvent,
)
from service.wire.decoding import each_candidate
from service.wire.server_events import origin_of

HELD_MESSAGES = 256
HELD_BYTES = 256 * 1024
CANDIDATES_PER_OFFER = 300
_RETRY_MS = 1000


@dataclass(slots=True)
class Side:
    """One of the two sessions that a call binds."""

    peer: str | None
    """The session at the other side; None while the caller waits for an accept."""
    origin: bytes
    """What is told beside its payloads."""
    candidates: int = 0
    """How many it has sent since the last offer."""


@dataclass(slots=True)
class Route:
    """Where the messages of one live call go."""

    call: Call
    sides: dict[str, Side]
    held: list[tuple[str, bytes]] = field(default_factory=list)
    held_bytes: int = 0
    rung: set[str] = field(default_factory=set)
    """The sessions that this call has rung on."""


class Relay:
    """Routes of the live calls, and the pass from sender to peer."""

    def __init__(self, mail: Mail, *, scale: float = 1.0) -> None:
        self._mail = mail
        self._routes: dict[str, Route] = {}
        self._pairs: dict[frozenset[str], str] = {}
        self._candidate_limit = CANDIDATES_PER_OFFER * scale

    def __len__(self) -> int:
        return len(self._routes)

    def candidates(self, call_id: str) -> int:
        """How many candidates both sides have sent since the last offer."""
        route = self._routes.get(call_id)
        return 0 if route is None else sum(side.candidates for side in route.sides.values())

    def follow(self, call: Call) -> None:
        """Let the call's route follow its state: opened, bound (held messages flow), dropped."""
        pair = frozenset((call.caller, call.callee))
        if not call.live:
            self._routes.pop(call.id, None)
            if self._pairs.get(pair) == call.id:
                del self._pairs[pair]
            return
        route = self._routes.get(call.id)
        if route is None:
            self._pairs[pair] = call.id
            self._routes[call.id] = Route(call, _sides(call, {}))
            return
        if route.call.callee_session != call.callee_session:
            route.sides = _sides(call, route.sides)
        route.call = call
        if call.callee_session is not None and route.held:
            for event, payload in route.held:
                self._mail.deliver(call.callee_session, event, payload)
            route.held.clear()

    def may_ring(self, call: Call, session: str) -> bool:
        """Whether a live call has not rung on a session yet."""
        route = self._routes.get(call.id)
        return route is not None and session not in route.rung

    def ring(self, call: Call, session: str, event: str, payload: bytes) -> bool:
        """Ring on a session where the call `may_ring`; False when nothing reaches it yet."""
        reached = self._mail.deliver(session, event, payload)
        if reached:
            self._routes[call.id].rung.add(session)
        return reached

    def route(self, sender: Session, message: RelayEvent) -> Route | None:
        """The live call that a message belongs to, by its id or by whom it is for."""
        call_id = message.call_id
        if call_id is None and message.to is not None:
            call_id = self._pairs.get(frozenset((sender.user, message.to)))
        return None if call_id is None else self._routes.get(call_id)

    def forward(
        self, sender: Session, route: Route, message: RelayEvent, reply: Reply | None
    ) -> None:
        """Pass a message to the other side, or hold it until there is one.

        Args:
            sender: whose it is.
            route: the call's.
            message: decoded and checked.
            reply: acknowledges it; None when nobody asked.

        Raises:
            NotParticipant: the sender is not bound to the call.
            InvalidState: the callee has not accepted, or the message cannot be held.
            RateLimited: too many candidates for one offer, or too much held.
        """
        side = route.sides.get(sender.id)
        if side is None:
            raise _unbound(sender, route.call)
        outgoing = self._outgoing(route, side, message)
        if side.peer is None:
            self._hold(route, message.event, outgoing)
        self._count(route, side, message, len(outgoing))
        if reply is not None:
            reply.done(message.event, b'{"callId":"%b"}' % route.call.id.encode())
        if side.peer is not None:
            for payload in outgoing:
                self._mail.deliver(side.peer, message.event, payload)

    def _outgoing(self, route: Route, side: Side, message: RelayEvent) -> list[bytes]:
        origin = side.origin
        if isinstance(message, IceCandidate):  # nine in ten
            candidates = each_candidate(message)
            if side.candidates + len(candidates) > self._candidate_limit:
                raise _too_many_candidates()
            return [b'{"candidate":%b%b}' % (candidate, origin) for candidate in candidates]
        if isinstance(message, CallOffer):
            kind = route.call.type.encode()
            return [b'{"offer":%b%b,"callType":"%b"}' % (message.offer, origin, kind)]
        if route.call.unanswered:
            raise errors.InvalidState("The call has not been accepted.")
        if isinstance(message, CallAnswer):
            return [b'{"answer":%b%b}' % (message.answer, origin)]
        if isinstance(message, CallSignal):
            return [b'{"data":%b%b}' % (message.data, origin)]
        raise errors.UnknownEvent

    def _count(self, route: Route, side: Side, message: RelayEvent, many: int) -> None:
        """What was refused counts for nothing."""
        if isinstance(message, IceCandidate):
            side.candidates += many
        elif isinstance(message, CallOffer):
            for each in route.sides.values():
                each.candidates = 0

    def _hold(self, route: Route, event: str, payloads: list[bytes]) -> None:
        size = sum(map(len, payloads))
        full = len(route.held) + len(payloads) > HELD_MESSAGES
        if full or route.held_bytes + size > HELD_BYTES:
            raise errors.RateLimited(
                "Too much is waiting for the accept; send the rest after it.",
                scope="held",
                retry_after_ms=_RETRY_MS,
            )
        route.held_bytes += size
        route.held.extend((event, payload) for payload in payloads)


def _sides(call: Call, known: dict[str, Side]) -> dict[str, Side]:
    """The sessions that a call binds, each knowing the other; what they have sent still counts."""
    sides = {}
    for mine, user, theirs in (
        (call.caller_session, call.caller, call.callee_session),
        (call.callee_session, call.callee, call.caller_session),
    ):
        if mine is not None:
            count = known[mine].candidates if mine in known else 0
            sides[mine] = Side(theirs, origin_of(user, call), count)
    return sides


def _too_many_candidates() -> errors.RinglineError:
    return errors.RateLimited(
        "Too many candidates for one offer; send a new offer.",
        scope="candidates",
        retry_after_ms=_RETRY_MS,
    )


def _unbound(sender: Session, call: Call) -> errors.RinglineError:
    """Why a session that a call does not bind may not relay in it."""
    if call.unanswered and sender.user == call.callee:
        return errors.InvalidState("Accept the call before sending anything for it.")
    return errors.NotParticipant()
