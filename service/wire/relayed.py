"""What a client relays, as the other side of the call is told it: payloads byte for byte."""

from msgspec import Raw, field

from service import errors
from service.calls.call import Call, CallType
from service.wire.client_events import (
    CallAnswer,
    CallOffer,
    CallSignal,
    IceCandidate,
    RelayEvent,
)
from service.wire.decoding import each_candidate
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


def relayed(message: RelayEvent, sender: str, call: Call) -> list[bytes]:
    """The payloads of the events that a message of `sender` becomes: one, or one a candidate."""
    call_id = call.id
    if isinstance(message, IceCandidate):  # nine in ten
        return [
            RelayedCandidate(candidate=one, from_=sender, call_id=call_id).encode()
            for one in each_candidate(message)
        ]
    if isinstance(message, CallOffer):
        told: ServerEvent = RelayedOffer(
            offer=message.offer, from_=sender, call_id=call_id, call_type=call.type
        )
    elif isinstance(message, CallAnswer):
        told = RelayedAnswer(answer=message.answer, from_=sender, call_id=call_id)
    elif isinstance(message, CallSignal):
        told = RelayedSignal(data=message.data, from_=sender, call_id=call_id)
    else:
        raise errors.UnknownEvent
    return [told.encode()]
