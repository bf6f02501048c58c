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

HELD_MESSAGES = 64
HELD_BYTES = 256 * 1024
CANDIDATES_PER_OFFER = 200
_RETRY_MS = 1000


@dataclass(slots=True)
class Route:
    """Where the messages of one live call go."""

    call: Call
    held: list[tuple[str, bytes]] = field(default_factory=list)
    held_bytes: int = 0
    candidates: dict[str, int] = field(default_factory=dict)
    """How many each side's session has sent since the last offer."""
    rung: set[str] = field(default_factory=set)
    """The sessions that this call has rung on."""
    origins: dict[str, bytes] = field(default_factory=dict)
    """What is told beside each side's payloads, by its session."""


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
        return 0 if route is None else sum(route.candidates.values())

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
            self._routes[call.id] = Route(call)
            return
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
        peer = self._peer(sender, route.call)
        outgoing = self._outgoing(sender, route, message)
        if peer is None:
            self._hold(route, message.event, outgoing)
        if reply is not None:
            reply.done(message.event, b'{"callId":"%b"}' % route.call.id.encode())
        if peer is not None:
            for payload in outgoing:
                self._mail.deliver(peer, message.event, payload)

    def _peer(self, sender: Session, call: Call) -> str | None:
        """The session at the other side; None while the caller waits for an accept."""
        if sender.id == call.caller_session:
            return call.callee_session
        if sender.id == call.callee_session:
            return call.caller_session
        if call.unanswered and sender.user == call.callee:
            raise errors.InvalidState("Accept the call before sending anything for it.")
        raise errors.NotParticipant

    def _outgoing(self, sender: Session, route: Route, message: RelayEvent) -> list[bytes]:
        origin = route.origins.get(sender.id)
        if origin is None:
            origin = route.origins[sender.id] = origin_of(sender.user, route.call)
        if isinstance(message, IceCandidate):  # nine in ten
            candidates = each_candidate(message)
            self._count(route, sender, len(candidates))
            return [b'{"candidate":%b%b}' % (candidate, origin) for candidate in candidates]
        if isinstance(message, CallOffer):
            route.candidates.clear()
            kind = route.call.type.encode()
            return [b'{"offer":%b%b,"callType":"%b"}' % (message.offer, origin, kind)]
        if route.call.unanswered:
            raise errors.InvalidState("The call has not been accepted.")
        if isinstance(message, CallAnswer):
            return [b'{"answer":%b%b}' % (message.answer, origin)]
        if isinstance(message, CallSignal):
            return [b'{"data":%b%b}' % (message.data, origin)]
        raise errors.UnknownEvent

    def _count(self, route: Route, sender: Session, more: int) -> None:
        count = route.candidates.get(sender.id, 0) + more
        if count > self._candidate_limit:
            raise errors.RateLimited(
                "Too many candidates for one offer; send a new offer.",
                scope="candidates",
                retry_after_ms=_RETRY_MS,
            )
        route.candidates[sender.id] = count

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
