"""What a client relays, as the other side of the call is told it: payloads byte for byte."""

from collections.abc import Callable
from typing import Any

from msgspec import Raw, field

from service.calls.call import Call, CallType
from service.wire.client_events import CallAnswer, CallOffer, CallSignal, IceCandidate, RelayEvent
from service.wire.server_events import ServerEvent


class RelayedCandidate(ServerEvent, frozen=True, kw_only=True):
    """One candidate of the other side's (RFC 8838), null at their end."""

    event = IceCandidate.event
    candidate: Raw
    from_: str = field(name="from")
    call_id: str


class RelayedOffer(ServerEvent, frozen=True, kw_only=True):
    """The other side's SDP offer (JSEP, RFC 9429)."""

    event = CallOffer.event
    offer: Raw
    from_: str = field(name="from")
    call_id: str
    call_type: CallType


class RelayedAnswer(ServerEvent, frozen=True, kw_only=True):
    """The other side's SDP answer (JSEP, RFC 9429)."""

    event = CallAnswer.event
    answer: Raw
    from_: str = field(name="from")
    call_id: str


class RelayedSignal(ServerEvent, frozen=True, kw_only=True):
    """What the other client tells."""

    event = CallSignal.event
    data: Raw
    from_: str = field(name="from")
    call_id: str


FORMS: dict[type[RelayEvent], Callable[[Any, str, Call], ServerEvent]] = {
    CallOffer: lambda said, sender, call: RelayedOffer(
        offer=said.offer, from_=sender, call_id=call.id, call_type=call.type
    ),
    CallAnswer: lambda said, sender, call: RelayedAnswer(
        answer=said.answer, from_=sender, call_id=call.id
    ),
    CallSignal: lambda said, sender, call: RelayedSignal(
        data=said.data, from_=sender, call_id=call.id
    ),
}
"""What each client event becomes that goes to the other side as one event.

Candidates may come together, and are told one by one: signalling/relay.py.
"""
