"""The bodies of the HTTP API, as the OpenAPI document shows them."""

from typing import Annotated, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from service.calls.call import CallType, State
from service.calls.reasons import Reason
from service.ids import uuid_of
from service.signalling.accepting import AcceptRequest
from service.transport.api.fields import DeviceId


class Body(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    @classmethod
    def of(cls, told: object) -> Self:
        """The body that tells an object's attributes."""
        return cls.model_validate(told, from_attributes=True)


def _is_none(value: object) -> bool:
    return value is None


class IceServerBody(Body):
    """RTCIceServer (W3C WebRTC, 4.2.3); STUN has no credential."""

    urls: list[str]
    username: str | None = Field(None, exclude_if=_is_none)
    credential: str | None = Field(None, exclude_if=_is_none)


class IceBody(Body):
    """Goes straight into `new RTCPeerConnection(...)`."""

    ice_servers: list[IceServerBody] = Field(validation_alias="servers")
    ice_transport_policy: str = Field(validation_alias="transport_policy")
    ttl: int = Field(description="Seconds the credentials are good for.")
    expires_at: int = Field(description="Epoch milliseconds.")


class TurnBody(Body):
    """The shape of draft-uberti-behave-turn-rest-00."""

    username: str
    password: str
    ttl: int = Field(description="Seconds the credentials are good for.")
    uris: list[str]


class StatusBody(Body):
    """Somebody's presence; `lastSeenAt` is null while online or unknown."""

    user_id: str
    is_online: bool
    is_in_call: bool
    last_seen_at: int | None = Field(description="Epoch milliseconds.")


class CallBody(Body):
    """A call's record; times are epoch milliseconds, null when not reached."""

    call_id: str = Field(validation_alias="id")
    uuid: Annotated[str, BeforeValidator(uuid_of)] = Field(
        validation_alias="id", description="The bits of `callId` as a UUID (RFC 9562)."
    )
    call_type: CallType = Field(validation_alias="type")
    from_: str = Field(validation_alias="caller", serialization_alias="from")
    to: str = Field(validation_alias="callee")
    state: State
    created_at: int
    expires_at: int | None = Field(validation_alias="deadline")
    ringing_at: int | None
    accepted_at: int | None
    connected_at: int | None
    media_at: int | None
    ended_at: int | None
    reason: Reason | None
    by: str | None = Field(validation_alias="ended_by")
    duration_ms: int
    resumes: int = Field(description="How often a party lost its connection and came back.")
    moves: int = Field(description="How often a party took the call to another device.")
    generation: int = Field(description="Which RTCPeerConnections belong together.")


class AcceptBody(Body):
    """What a device says that accepts; `null` is the same as leaving a field out."""

    request_id: str = Field(
        min_length=1, max_length=64, description="A repeat has the same, and accepts nothing again."
    )
    device_id: DeviceId | None = Field(None, description="A label of the device.")
    region: str | None = Field(
        None, max_length=64, description="A name in RINGLINE_TURN_REGIONS, for the ICE servers."
    )
    session_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="A session to accept for, with its `resumeToken`.",
    )
    resume_token: str | None = Field(None, max_length=128)

    @model_validator(mode="after")
    def names_a_session_or_none(self) -> Self:
        """A session is named with its token."""
        if (self.session_id is None) is not (self.resume_token is None):
            raise PydanticCustomError("pair", "Expected `sessionId` and `resumeToken`, or neither")
        return self

    @property
    def request(self) -> AcceptRequest:
        """It as the use case takes it."""
        return AcceptRequest(**self.model_dump())


class AcceptedBody(Body):
    """The accepted call, and the session to join: `user:join` with these."""

    session_id: str = Field(validation_alias=AliasPath("point", "session_id"))
    resume_token: str
    resume_window_ms: int = Field(description="Within this time it has to join.")
    epoch: str = Field(validation_alias=AliasPath("point", "epoch"))
    last_seq: int = Field(validation_alias=AliasPath("point", "last_seq"))
    call: CallBody
    ice_servers: list[IceServerBody] = Field(validation_alias=AliasPath("ice", "servers"))
    ice_transport_policy: str = Field(validation_alias=AliasPath("ice", "transport_policy"))
    ice_expires_at: int = Field(
        validation_alias=AliasPath("ice", "expires_at"), description="Epoch milliseconds."
    )


class ProblemBody(Body):
    """A refusal (RFC 9457); `code` is one of the protocol's."""

    type: str
    title: str
    status: int
    detail: str
    code: str
