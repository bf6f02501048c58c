"""What the server says: one typed Struct per event, encoded to JSON bytes."""

from typing import Any, ClassVar, Self

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from service.calls import effects
from service.calls.call import Call, CallType, MediaState, State
from service.calls.reasons import Reason
from service.errors import InvalidState, RinglineError
from service.ids import uuid_of
from service.ports import IceServers
from service.session_ref import SessionRef

_encode = msgspec.json.Encoder().encode


class ServerEvent(Struct, rename="camel", frozen=True, kw_only=True):
    """Any event from the server. `event` is its name on the wire."""

    event: ClassVar[str]

    def encode(self) -> bytes:
        """The payload as JSON."""
        return _encode(self)


class RtcIceServer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RTCIceServer (W3C WebRTC, 4.2.3)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class Ice(ServerEvent, frozen=True, kw_only=True):
    """The fields that tell a client its ICE servers; `ice_expires_at` in epoch ms."""

    ice_servers: tuple[RtcIceServer, ...]
    ice_transport_policy: str
    ice_expires_at: int


def ice_fields(ice: IceServers) -> dict[str, Any]:
    """The arguments of every `Ice` event."""
    return {
        "ice_servers": tuple(
            RtcIceServer(urls=s.urls, username=s.username, credential=s.credential)
            for s in ice.servers
        ),
        "ice_transport_policy": ice.transport_policy,
        "ice_expires_at": ice.expires_at,
    }


class LiveCall(Struct, rename="camel", frozen=True, kw_only=True):
    """A call as its participants see it on joining.

    `bound` is the session of the user that has the call: `this` one, `another`, or `none`.
    """

    call_id: str
    uuid: str
    from_: str = msgspec.field(name="from")
    to: str
    call_type: CallType
    state: State
    expires_at: int | None
    expires_in_ms: int | None
    generation: int
    moves: int
    bound: str
    from_name: str | UnsetType = UNSET
    metadata: Raw | UnsetType = UNSET

    @classmethod
    def of(cls, call: Call, now: int, to: SessionRef) -> "LiveCall":
        """What a participant's session may know of `call`, `now` (epoch ms)."""
        own = call.caller_session if to.user == call.caller else call.callee_session
        return cls(
            call_id=call.id,
            uuid=uuid_of(call.id),
            from_=call.caller,
            to=call.callee,
            call_type=call.type,
            state=call.state,
            expires_at=call.deadline,
            expires_in_ms=None if call.deadline is None else max(0, call.deadline - now),
            generation=call.generation,
            moves=call.moves,
            bound="none" if own is None else "this" if own == to.id else "another",
            from_name=UNSET if call.caller_name is None else call.caller_name,
            metadata=UNSET if call.metadata is None else Raw(call.metadata),
        )


class UserJoined(Ice, frozen=True, kw_only=True):
    """The connection is a session now."""

    event = "user:joined"
    user_id: str
    socket_id: str
    session_id: str
    resume_token: str | None
    resume_window_ms: int
    resumed: str
    epoch: str | UnsetType = UNSET
    last_n: int
    calls: tuple[LiveCall, ...]


class IceServersRenewed(Ice, frozen=True, kw_only=True):
    """Fresh credentials before the old ones expire."""

    event = "ice:servers"


class CallInitiated(Ice, frozen=True, kw_only=True):
    """To the caller: the call exists."""

    event = "call:initiated"
    call_id: str
    uuid: str
    to: str
    call_type: CallType
    state: State
    expires_at: int
    expires_in_ms: int


class CallIncoming(Ice, frozen=True, kw_only=True, omit_defaults=True):
    """To the callee's devices: somebody calls."""

    event = "call:incoming"
    from_: str = msgspec.field(name="from")
    call_type: CallType
    call_id: str
    uuid: str
    state: State
    expires_at: int
    expires_in_ms: int
    from_name: str | None = None
    metadata: Raw | UnsetType = UNSET


class CallRinging(ServerEvent, frozen=True, kw_only=True):
    """To the caller: a device has it."""

    event = "call:ringing"
    call_id: str
    by: str


class CallAccepted(ServerEvent, frozen=True, kw_only=True, omit_defaults=True):
    """To both bound sessions; a plain one is told no `generation`."""

    event = "call:accepted"
    call_id: str
    by: str
    generation: int | None = None

    @classmethod
    def of(cls, call: Call, to: SessionRef, **more: object) -> Self:
        """What the session that accepted is told in the acknowledgement."""
        generation = call.generation if to.resumable else None
        return cls(call_id=call.id, by=to.user, generation=generation, **more)


class GlareAccepted(CallAccepted, frozen=True, kw_only=True):
    """The answer to an initiate that was an accept."""

    glare: bool
    role: str


class CallRejected(ServerEvent, frozen=True, kw_only=True):
    """To the caller and the device that declined."""

    event = "call:rejected"
    call_id: str
    by: str
    reason: Reason


class CallEnded(ServerEvent, frozen=True, kw_only=True):
    """The call is over for this device; `by` is null when no user ended it."""

    event = "call:ended"
    call_id: str
    by: str | None
    reason: Reason
    duration_ms: int


class CallMedia(ServerEvent, frozen=True, kw_only=True):
    """How media fares at the other side."""

    event = "call:media"
    call_id: str
    by: str
    state: MediaState


class CallPeerReconnecting(ServerEvent, frozen=True, kw_only=True):
    """The other side has no connection."""

    event = "call:peer-reconnecting"
    call_id: str
    by: str


class CallPeerReconnected(ServerEvent, frozen=True, kw_only=True):
    """The other side has a connection again."""

    event = "call:peer-reconnected"
    call_id: str
    by: str
    resumed: str
    fresh: bool
    generation: int


class CallMoved(ServerEvent, frozen=True, kw_only=True):
    """To the session that took the call from another one of its user."""

    event = "call:moved"
    call_id: str
    by: str
    generation: int


class CallPeerMoved(ServerEvent, frozen=True, kw_only=True):
    """The other side goes on with the call on another device."""

    event = "call:peer-moved"
    call_id: str
    by: str
    generation: int


class CallsChanged(ServerEvent, frozen=True, kw_only=True):
    """To a session that does not have them: the user's live calls, one of which has changed."""

    event = "calls:changed"
    calls: tuple[LiveCall, ...]


class UserStatus(ServerEvent, frozen=True, kw_only=True):
    """Somebody's presence; `last_seen_at` in epoch ms, null while online or unknown."""

    event = "user:status"
    user_id: str
    is_online: bool
    is_in_call: bool
    last_seen_at: int | None


_decode_status = msgspec.json.Decoder(UserStatus).decode


def user_of_status(payload: bytes) -> str:
    """Whose presence a `user:status` tells."""
    return _decode_status(payload).user_id


class AuthExpiring(ServerEvent, frozen=True, kw_only=True):
    """The token ends soon (epoch ms): send `auth:refresh`."""

    event = "auth:expiring"
    expires_at: int


class AuthRefreshed(ServerEvent, frozen=True, kw_only=True):
    """The answer to `auth:refresh`: the token's end in epoch ms."""

    event = "auth:refreshed"
    expires_at: int


class Error(ServerEvent, frozen=True, kw_only=True):
    """A refusal, as an event or inside an acknowledgement."""

    event = "error"
    message: str
    code: str
    retryable: bool
    error_event: str | UnsetType = msgspec.field(name="event", default=UNSET)
    call_id: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    retry_after_ms: int | UnsetType = UNSET
    last_n: int | UnsetType = UNSET

    @classmethod
    def of(
        cls, error: RinglineError, event: str, call_id: str | None, request_id: str | None
    ) -> "Error":
        """Tell `error` about the event that caused it."""
        last_n = error.last_n if isinstance(error, InvalidState) else None
        return cls(
            message=error.message,
            code=error.code,
            retryable=error.retryable,
            error_event=event,
            call_id=call_id or UNSET,
            request_id=request_id or UNSET,
            retry_after_ms=UNSET if error.retry_after_ms is None else error.retry_after_ms,
            last_n=UNSET if last_n is None else last_n,
        )


_FORMS: dict[type[effects.Message], type[ServerEvent]] = {
    effects.CallRinging: CallRinging,
    effects.CallAccepted: CallAccepted,
    effects.CallRejected: CallRejected,
    effects.CallEnded: CallEnded,
    effects.CallMedia: CallMedia,
    effects.CallPeerReconnecting: CallPeerReconnecting,
    effects.CallPeerReconnected: CallPeerReconnected,
    effects.CallMoved: CallMoved,
    effects.CallPeerMoved: CallPeerMoved,
}
"""How each message of the machine is told; their fields have the same names."""


def encode_message(message: effects.Message) -> tuple[str, bytes]:
    """A message of the machine as the event's name and its JSON payload."""
    form = _FORMS[type(message)]
    told = form(**{name: getattr(message, name) for name in form.__struct_fields__})
    return form.event, _encode(told)
