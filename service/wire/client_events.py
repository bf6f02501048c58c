"""What clients may say: one typed Struct per event, its fields bounded.

Unknown fields are ignored, and null for an optional field is the same as leaving it out. `from`
is never read: the sender is who the token says.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from service.calls.call import CallType, MediaPath, MediaState
from service.calls.reasons import Reason

UserId = Annotated[str, Meta(min_length=1, max_length=128)]
CallId = Annotated[str, Meta(min_length=1, max_length=64)]
SessionId = Annotated[str, Meta(min_length=1, max_length=64)]
Epoch = Annotated[str, Meta(min_length=1, max_length=64)]
RequestId = Annotated[str, Meta(min_length=1, max_length=64)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
StunErrorCode = Annotated[int, Meta(ge=300, le=699)]
LONGEST_TRACEPARENT = 64
Milliseconds = Annotated[float, Meta(ge=0, le=600_000)]


class ClientEvent(Struct, rename="camel", frozen=True, kw_only=True):
    """Any event from a client. `event` is its name on the wire."""

    event: ClassVar[str]


class ControlEvent(ClientEvent, frozen=True, kw_only=True):
    """An event that changes something; `requestId` makes a repeat harmless."""

    request_id: RequestId | None = None


class UserJoin(ClientEvent, frozen=True, kw_only=True):
    """Makes the connection a session of `user_id`, who must be the token's subject."""

    event = "user:join"
    user_id: UserId
    device_id: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    features: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=16)] | None = (
        None
    )
    session_id: SessionId | None = None
    resume_token: Annotated[str, Meta(max_length=128)] | None = None
    epoch: Epoch | UnsetType | None = UNSET
    last_seq: Annotated[int, Meta(ge=0)] | None = None
    fresh: bool | None = None

    @property
    def can_resume(self) -> bool:
        """Whether the client says that it knows how sessions are resumed.

        The feature alone says that it knows glare: clients say so that are older than resuming.
        """
        return self.epoch is not UNSET and "resume" in (self.features or ())


class SessionAck(ClientEvent, frozen=True, kw_only=True):
    """The client has everything up to `seq`; `socket_id` is that of the last `user:joined`."""

    event = "session:ack"
    epoch: Epoch | None = None
    seq: Annotated[int, Meta(ge=0)] | None = None
    socket_id: Annotated[str, Meta(max_length=64)] | None = None


class Subject(Struct, rename="camel", frozen=True, kw_only=True):
    """What can be told of an event that is refused, however wrong the rest of it is."""

    call_id: CallId | None = None
    request_id: RequestId | None = None
    epoch: str | None = None
    n: int | None = None


class AuthRefresh(ControlEvent, frozen=True, kw_only=True):
    """Renews the identity in place."""

    event = "auth:refresh"
    token: Annotated[str, Meta(min_length=1, max_length=8192)]


class Context(Struct, frozen=True, kw_only=True):
    """What a client tells beside the matter: its own trace (W3C Trace Context)."""

    traceparent: Annotated[str, Meta(max_length=LONGEST_TRACEPARENT)] | None = None


class CallInitiate(ControlEvent, frozen=True, kw_only=True):
    """Calls `to`."""

    event = "call:initiate"
    to: UserId
    call_type: CallType
    metadata: Raw | UnsetType = UNSET
    meta: Context | None = field(name="_meta", default=None)


class CallAccept(ControlEvent, frozen=True, kw_only=True):
    """Takes a ringing call on this device."""

    event = "call:accept"
    call_id: CallId


class CallReject(ControlEvent, frozen=True, kw_only=True):
    """Declines a ringing call, for the user or for this device alone."""

    event = "call:reject"
    call_id: CallId
    reason: Reason | None = None
    scope: Literal["user", "device"] | None = None


class CallEnd(ControlEvent, frozen=True, kw_only=True):
    """Hangs up; without a `reason` the state tells what it means."""

    event = "call:end"
    call_id: CallId
    reason: Reason | None = None


class CallMove(ControlEvent, frozen=True, kw_only=True):
    """Takes a call over from another session of the user; `moves` is the count that was seen."""

    event = "call:move"
    call_id: CallId
    moves: Annotated[int, Meta(ge=0)]


class RelayEvent(ClientEvent, frozen=True, kw_only=True):
    """An event that goes to the other side. Without `call_id` it is the one call with `to`.

    A resumable session numbers its relays: `n` within `epoch`, from 1 on. `generation` is that of
    the call whose RTCPeerConnection it is for.
    """

    to: UserId | None = None
    call_id: CallId | None = None
    epoch: Epoch | None = None
    n: Annotated[int, Meta(ge=1)] | None = None
    generation: Annotated[int, Meta(ge=0)] | None = None


class CallOffer(RelayEvent, frozen=True, kw_only=True):
    """An SDP offer (JSEP, RFC 9429), passed on byte for byte."""

    event = "call:offer"
    offer: Raw


class CallAnswer(RelayEvent, frozen=True, kw_only=True):
    """An SDP answer (JSEP, RFC 9429), passed on byte for byte."""

    event = "call:answer"
    answer: Raw


class IceCandidate(RelayEvent, frozen=True, kw_only=True):
    """One trickled candidate (RFC 8838), null at their end, or up to 32 in `candidates`."""

    event = "ice:candidate"
    candidate: Raw | UnsetType = UNSET
    candidates: Annotated[list[Raw], Meta(min_length=1, max_length=32)] | None = None


class CallSignal(RelayEvent, frozen=True, kw_only=True):
    """Anything small that the two clients tell each other: muted, camera off, on hold."""

    event = "call:signal"
    call_id: CallId
    data: Raw


class MediaStats(Struct, rename="camel", frozen=True, kw_only=True):
    """A summary of `getStats()` (W3C webrtc-stats).

    `turn_error` is the STUN error code (RFC 8489, 14.8) with which the TURN server refused, as
    `icecandidateerror` tells it.
    """

    path: MediaPath | None = None
    rtt_ms: Milliseconds | None = None
    jitter_ms: Milliseconds | None = None
    loss_ratio: Ratio | None = None
    codec: Annotated[str, Meta(max_length=64)] | None = None
    turn_error: StunErrorCode | None = None


class CallMediaReport(ClientEvent, frozen=True, kw_only=True):
    """How media fares; it never ends a call."""

    event = "call:media"
    call_id: CallId
    state: MediaState
    stats: MediaStats | None = None


class UserStatusQuery(ClientEvent, frozen=True, kw_only=True):
    """Asks for somebody's presence, once."""

    event = "user:status"
    user_id: UserId


class UserWatch(ClientEvent, frozen=True, kw_only=True):
    """Asks for the presence of these users, now and on every change."""

    event = "user:watch"
    user_ids: Annotated[list[UserId], Meta(max_length=500)]


class UserUnwatch(ClientEvent, frozen=True, kw_only=True):
    """Takes a watch back."""

    event = "user:unwatch"
    user_ids: Annotated[list[UserId], Meta(max_length=500)]


ALL: tuple[type[ClientEvent], ...] = (
    UserJoin,
    SessionAck,
    AuthRefresh,
    CallInitiate,
    CallAccept,
    CallReject,
    CallEnd,
    CallMove,
    CallOffer,
    CallAnswer,
    IceCandidate,
    CallSignal,
    CallMediaReport,
    UserStatusQuery,
    UserWatch,
    UserUnwatch,
)
"""Every event that a client may send."""
