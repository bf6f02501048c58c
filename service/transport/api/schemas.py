"""The bodies of the HTTP API, as the OpenAPI document shows them."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.calls.call import Call, CallType, State
from service.calls.reasons import Reason
from service.ports import IceServer, IceServers
from service.wire.server_events import UserStatus


class Body(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class IceServerBody(Body):
    """RTCIceServer (W3C WebRTC, 4.2.3); STUN has no credential."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None

    @classmethod
    def of(cls, server: IceServer) -> "IceServerBody":
        """The body that tells `server`."""
        return cls(urls=list(server.urls), username=server.username, credential=server.credential)


class IceBody(Body):
    """Goes straight into `new RTCPeerConnection(...)`."""

    ice_servers: list[IceServerBody]
    ice_transport_policy: str
    ttl: int = Field(description="Seconds the credentials are good for.")
    expires_at: int = Field(description="Epoch milliseconds.")

    @classmethod
    def of(cls, ice: IceServers) -> "IceBody":
        """The body that tells `ice`."""
        return cls(
            ice_servers=[IceServerBody.of(server) for server in ice.servers],
            ice_transport_policy=ice.transport_policy,
            ttl=ice.ttl,
            expires_at=ice.expires_at,
        )


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

    @classmethod
    def of(cls, status: UserStatus) -> "StatusBody":
        """The body that tells `status`."""
        return cls(
            user_id=status.user_id,
            is_online=status.is_online,
            is_in_call=status.is_in_call,
            last_seen_at=status.last_seen_at,
        )


class CallBody(Body):
    """A call's record; times are epoch milliseconds, null when not reached."""

    call_id: str
    call_type: CallType
    from_: str = Field(alias="from")
    to: str
    state: State
    created_at: int
    expires_at: int | None
    ringing_at: int | None
    accepted_at: int | None
    connected_at: int | None
    media_at: int | None
    ended_at: int | None
    reason: Reason | None
    by: str | None
    duration_ms: int

    @classmethod
    def of(cls, call: Call) -> "CallBody":
        """The body that tells `call`."""
        return cls(
            call_id=call.id,
            call_type=call.type,
            **{"from": call.caller},
            to=call.callee,
            state=call.state,
            created_at=call.created_at,
            expires_at=call.deadline,
            ringing_at=call.ringing_at,
            accepted_at=call.accepted_at,
            connected_at=call.connected_at,
            media_at=call.media_at,
            ended_at=call.ended_at,
            reason=call.reason,
            by=call.ended_by,
            duration_ms=call.duration_ms,
        )


class ProblemBody(Body):
    """A refusal (RFC 9457); `code` is one of the protocol's."""

    type: str
    title: str
    status: int
    detail: str
    code: str
