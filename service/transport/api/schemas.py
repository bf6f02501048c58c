"""The bodies of the HTTP API, as the OpenAPI document shows them."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.calls.call import CallType, State
from service.calls.reasons import Reason
from service.ids import uuid_of


class Body(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    @classmethod
    def of(cls, told: object) -> Self:
        """The body that tells an object's attributes."""
        return cls.model_validate(told, from_attributes=True)


class IceServerBody(Body):
    """RTCIceServer (W3C WebRTC, 4.2.3); STUN has no credential."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


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


class ProblemBody(Body):
    """A refusal (RFC 9457); `code` is one of the protocol's."""

    type: str
    title: str
    status: int
    detail: str
    code: str
