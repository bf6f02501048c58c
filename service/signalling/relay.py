"""Offers, answers, candidates and signals: from one side of a call to the other.

A relay in a live call checks the sender and forwards the payload's bytes, without waiting. A store
is asked only for the first answer, which connects the call, and for why there is no live call. What
a caller sends before the accept is held for the session that accepts.
"""

import msgspec
from msgspec import UNSET

from service import errors
from service.calls.call import Call, State
from service.calls.events import Negotiated
from service.envelopes import Relayed
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.signalling.call_routes import Route, Routes
from service.signalling.transitions import Transitions
from service.tasks import Work
from service.telemetry.tracing import Tracing
from service.wire.client_events import CallAnswer, CallOffer, IceCandidate, RelayEvent
from service.wire.relayed import FORMS, RelayedCandidate

HELD_MESSAGES = 256
HELD_BYTES = 256 * 1024
CANDIDATES_PER_OFFER = 300
_RETRY_MS = 1000
RELAYED = frozenset({IceCandidate, *FORMS})
"""The client events that are passed to the other side."""
_encode = msgspec.json.Encoder().encode


class Relay:
    """The pass from a sender to its peer."""

    def __init__(
        self, *, routes: Routes, transitions: Transitions, tracing: Tracing, scale: float = 1.0
    ) -> None:
        self._routes = routes
        self._transitions = transitions
        self._tracing = tracing
        self._candidate_limit = CANDIDATES_PER_OFFER * scale

    def relay(self, who: Session, message: RelayEvent, reply: Reply | None) -> Work | None:
        """Pass a message to the other side, or hold it until there is one.

        Args:
            who: whose it is.
            message: decoded and checked.
            reply: acknowledges it; None when nobody asked.

        Returns:
            What has to be awaited first, where a store must be asked: the first answer connects the
            call before it goes, and what belongs to no live call is looked for.

        Raises:
            NotParticipant: the sender is not bound to the call.
            InvalidState: the callee has not accepted, or the message cannot be held.
            RateLimited: too much is held, or too many candidates came since the last offer.
        """
        if message.call_id is not None:
            route = self._routes.get(message.call_id)
        else:
            route = None if message.to is None else self._routes.between(who.user, message.to)
        if route is None:
            return self._explain_missing(who, message)
        if (
            type(message) is CallAnswer
            and route.call.state is State.CONNECTING
            and not _given_way(message, route.call)
        ):
            return self._connect(who, route, message, reply)
        self._forward(who, route, message, reply)
        return None

    def _forward(
        self, who: Session, route: Route, message: RelayEvent, reply: Reply | None
    ) -> None:
        side, call = route.sides.get(who.id), route.call
        if side is None:
            raise _unbound(who, call)
        if _given_way(message, call):
            _acknowledge(reply, message.event, call)
            return
        event, payloads = message.event, payloads_of(message, who.user, call)
        trickled = len(payloads) if type(message) is IceCandidate else 0
        if side.candidates + trickled > self._candidate_limit:
            raise _limited("candidates", "Too many candidates for one offer; send a new offer.")
        if side.emit is None:
            _hold(route, message, payloads)
        side.candidates += trickled  # what was refused counts for nothing
        if type(message) is CallOffer:
            self._offered(route)
        _acknowledge(reply, event, call)
        if side.emit is not None:
            for payload in payloads:
                side.emit(event, payload)

    def _offered(self, route: Route) -> None:
        for side in route.sides.values():
            side.candidates = 0
        if route.call.state is State.CONNECTED:
            self._tracing.renegotiated(route.call)

    async def _connect(
        self, who: Session, route: Route, message: CallAnswer, reply: Reply | None
    ) -> None:
        await self._transitions.move(
            route.call.id,
            Negotiated(who.user, who.id),
            who.ref,
            lambda _after: self._forward(who, route, message, reply),
        )

    async def _explain_missing(self, who: Session, message: RelayEvent) -> None:
        if message.call_id is not None:
            call = await self._transitions.load(message.call_id)
            if call.state is not State.ENDED or who.user not in (call.caller, call.callee):
                raise _unbound(who, call)
            raise errors.CallEnded
        if message.to is None:
            raise errors.InvalidPayload("callId: Expected callId, or the peer's id in `to`.")
        raise errors.CallNotFound("There is no live call with that user.")

    def arrived(self, session: Session, relay: Relayed) -> None:
        """Pass on what another node took for a session that its call binds here.

        It is dropped where its RTCPeerConnections have given way to others meanwhile.
        """
        route = self._routes.get(relay.call_id)
        if route is None or relay.generation < route.call.generation:
            return
        if session.id in route.sides:
            session.emit(relay.event, relay.payload)


def _given_way(message: RelayEvent, call: Call) -> bool:
    """Whether a message is for an RTCPeerConnection that has given way to another."""
    return message.generation is not None and message.generation < call.generation


def _acknowledge(reply: Reply | None, event: str, call: Call) -> None:
    if reply is not None:
        reply.done(event, b'{"callId":"%b"}' % call.id.encode())


def payloads_of(message: RelayEvent, sender: str, call: Call) -> list[bytes]:
    """What a message of `sender` is told as: one payload, or one for each candidate."""
    if type(message) is not IceCandidate:
        return [_encode(FORMS[type(message)](message, sender, call))]
    call_id = call.id
    if message.candidate is UNSET:
        return [
            _encode(RelayedCandidate(candidate=one, from_=sender, call_id=call_id))
            for one in message.candidates or ()
        ]
    one = RelayedCandidate(candidate=message.candidate, from_=sender, call_id=call_id)
    return [_encode(one)]


def _hold(route: Route, message: RelayEvent, payloads: list[bytes]) -> None:
    if not isinstance(message, IceCandidate | CallOffer):
        raise errors.InvalidState("The call has not been accepted.")
    size = sum(map(len, payloads))
    if len(route.held) + len(payloads) > HELD_MESSAGES or route.held_bytes + size > HELD_BYTES:
        raise _limited("held", "Too much is waiting for the accept; send the rest after it.")
    route.held_bytes += size
    route.held.extend((message.event, payload) for payload in payloads)


def _limited(scope: str, why: str) -> errors.RinglineError:
    return errors.RateLimited(why, scope=scope, retry_after_ms=_RETRY_MS)


def _unbound(who: Session, call: Call) -> errors.RinglineError:
    """Why a session that a live call does not bind may not relay in it."""
    if call.unaccepted and who.user == call.callee:
        return errors.InvalidState("Accept the call before sending anything for it.")
    return errors.NotParticipant()
