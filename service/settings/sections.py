"""Every setting there is, by what it is about.

A section's docstring is its heading in `docs/settings.md`, a field's description its meaning
there. `repr=False` marks what no message may repeat, `json_schema_extra` what may change while the
service runs, and when.
"""

from typing import Literal

from pydantic import BaseModel, Field, JsonValue, SecretStr

from service.settings.addresses import (
    Interface,
    Network,
    Port,
    StunUrl,
    TurnUrl,
    WebUrl,
)
from service.settings.kinds import (
    AccountId,
    AnyCase,
    ApiSecret,
    HmacSecret,
    Many,
    PublicKeys,
    Regions,
    Size,
    TurnSecret,
)
from service.settings.origins import Origin

_DAY = 86_400
_ANYWHERE = ("*",)
_FOLLOWED: dict[str, JsonValue] = {"live": "Followed within 5 s."}
_ON_SIGHUP: dict[str, JsonValue] = {"live": "Read anew on SIGHUP."}


class Listening(BaseModel):
    """Where it listens, and to whom."""

    host: Many[Interface] = Field(
        default=_ANYWHERE,
        description="Where clients connect: addresses, or names for all addresses that they have, "
        "comma separated; `*` or `::` is every address of IPv4 and IPv6, `0.0.0.0` of IPv4 alone.",
    )
    port: Port = Field(
        default=8001, description="Port that clients connect to; 0 takes a free one."
    )
    admin_host: Many[Interface] = Field(
        default_factory=lambda known: known.get("host", _ANYWHERE),
        description="Where health, readiness and metrics are, as `RINGLINE_HOST`; if unset, there.",
    )
    admin_port: Port = Field(
        default=9090, description="Port of health, readiness and metrics; 0 takes a free one."
    )
    cors_origins: Many[Origin] = Field(
        json_schema_extra=_ON_SIGHUP,
        default=(),
        description="Origins whose pages may connect, comma separated: `https://app.example.org`, "
        "`capacitor://localhost`, `app://-`, `file://`, `null`; `*` is any, for development.",
    )
    trusted_proxies: Many[Network] = Field(
        json_schema_extra=_ON_SIGHUP,
        default=(),
        description="Proxies whose `X-Forwarded-…` headers count: addresses or networks, "
        "comma separated.",
    )
    transports: Many[AnyCase[Literal["websocket", "polling"]]] = Field(
        default=("websocket", "polling"),
        description="Ways to connect, comma separated: `websocket`, `polling`.",
    )
    keep_alive: int = Field(
        default=620,
        ge=1,
        le=86_400,
        description="Seconds that an HTTP connection may be idle between two requests. More than "
        "the [proxy](deploy.md#keep-alive) in front keeps it, which else reuses one that is "
        "closing, and answers 502.",
    )
    ping_interval: int = Field(
        default=15, ge=1, description="Seconds from a client's last pong to the next ping."
    )
    ping_timeout: int = Field(
        default=10,
        ge=1,
        description="Seconds that a client has to answer a ping; after that it is gone.",
    )
    drain_window: int = Field(
        default=0,
        ge=0,
        le=_DAY,
        description="Seconds that live calls may go on once the service is told to stop; new "
        "calls and connections are turned away meanwhile, and who is in no call is sent away.",
    )


class Tokens(BaseModel):
    """Who is speaking: exactly one kind of key."""

    jwt_secret: Many[HmacSecret] = Field(
        json_schema_extra=_FOLLOWED,
        default=(),
        repr=False,
        description="Keys of HS256 tokens, 32 bytes or more each, comma separated, newest first: "
        "each verifies, and `ringline token` signs with the first. None may hold a comma.",
    )
    jwt_public_key: PublicKeys | None = Field(
        json_schema_extra=_FOLLOWED,
        default=None,
        repr=False,
        description="Keys of RS256, ES256 or EdDSA tokens: one PEM text after the other, line "
        "breaks also as `\\n`; each verifies.",
    )
    jwks_url: WebUrl | None = Field(
        default=None, description="Where the identity provider publishes its keys (RFC 7517)."
    )
    jwt_algorithms: Many[Literal["HS256", "RS256", "ES256", "EdDSA"]] = Field(
        json_schema_extra=_FOLLOWED,
        default=(),
        description="Algorithms that tokens may be signed with, comma separated: `HS256`, "
        "`RS256`, `ES256`, `EdDSA`; if unset, those that fit the key.",
    )
    jwt_issuer: Many[str] = Field(
        default=(), description="The `iss` that tokens must carry; one of several, comma separated."
    )
    jwt_audience: Many[str] = Field(
        default=(), description="The `aud` that tokens must carry; one of several, comma separated."
    )
    jwt_leeway: int = Field(
        default=10,
        ge=0,
        le=300,
        description="Seconds by which clocks may differ when a token is checked.",
    )
    jwt_max_lifetime: int = Field(
        default=_DAY,
        ge=60,
        description="Seconds that a token may be valid for, from `iat` to `exp`.",
    )


class Relaying(BaseModel):
    """STUN and TURN."""

    turn_provider: Many[AnyCase[Literal["coturn", "cloudflare", "twilio", "static"]]] = Field(
        default=("coturn",),
        description="Whose TURN servers clients are given, comma separated: those of the first "
        "that has some. `coturn` is `RINGLINE_TURN_URLS`; the others are [accounts at "
        "providers](deploy.md#turn-by-a-provider).",
    )
    turn_secret: Many[TurnSecret] = Field(
        json_schema_extra=_FOLLOWED,
        default=(),
        repr=False,
        description="Secrets shared with the TURN server (coturn's `static-auth-secret`), comma "
        "separated, newest first: the first one mints, once all TURN servers have it "
        "(`RINGLINE_TURN_SECRET_PROPAGATION`). Each is up to 255 ASCII letters, digits and signs, "
        "without spaces, quotes and backslashes.",
    )
    turn_secret_propagation: int = Field(
        default=120,
        ge=0,
        le=3_600,
        description="Seconds from when the service sees a new TURN secret before an older one "
        "until it mints with the new one: the time in which every TURN server gets it, too.",
    )
    turn_urls: Many[TurnUrl] = Field(
        default=(), description="TURN servers that clients are given, comma separated (RFC 7065)."
    )
    turn_regions: Regions = Field(
        default_factory=dict,
        description="TURN servers by region, chosen with `GET /v1/ice?region=`: JSON, "
        '`{"eu": ["turn:eu.example.org"]}`.',
    )
    turn_ttl: int = Field(
        default=14_400, ge=60, le=_DAY, description="Seconds that a TURN credential is valid for."
    )
    turn_username: AnyCase[Literal["plain", "hmac"]] = Field(
        default="plain",
        description="How users stand in TURN user names: `plain` (the id) or `hmac` (a keyed "
        "hash of it).",
    )
    turn_probe: bool = Field(
        default=True,
        description="Whether the node probes the TURN server of `RINGLINE_TURN_URLS` every 30 s.",
    )
    stun_urls: Many[StunUrl] = Field(
        default=(), description="STUN servers that clients are given, comma separated (RFC 7064)."
    )
    ice_transport_policy: AnyCase[Literal["all", "relay"]] = Field(
        default="all",
        description="`relay` sends all media through TURN, `all` takes the best path.",
    )


class TurnAccounts(BaseModel):
    """Accounts at TURN providers."""

    cloudflare_turn_key_id: AccountId | None = Field(
        json_schema_extra=_FOLLOWED,
        default=None,
        description="Id of a TURN key of Cloudflare Realtime.",
    )
    cloudflare_turn_api_token: ApiSecret | None = Field(
        json_schema_extra=_FOLLOWED,
        default=None,
        repr=False,
        description="The API token of that TURN key.",
    )
    cloudflare_api_url: WebUrl = Field(
        json_schema_extra=_FOLLOWED,
        default="https://rtc.live.cloudflare.com",
        description="Where Cloudflare's API is.",
    )
    twilio_account_sid: AccountId | None = Field(
        json_schema_extra=_FOLLOWED, default=None, description="SID of a Twilio account (`AC…`)."
    )
    twilio_api_key: AccountId | None = Field(
        json_schema_extra=_FOLLOWED,
        default=None,
        description="SID of an API key of that account (`SK…`); if unset, the auth token of the "
        "account is used.",
    )
    twilio_api_secret: ApiSecret | None = Field(
        json_schema_extra=_FOLLOWED,
        default=None,
        repr=False,
        description="The secret of that API key, or the auth token.",
    )
    twilio_api_url: WebUrl = Field(
        json_schema_extra=_FOLLOWED,
        default="https://api.twilio.com",
        description="Where Twilio's API is; that of a region is "
        "`https://api.dublin.ie1.twilio.com`, for example.",
    )
    turn_static_servers: SecretStr | None = Field(
        json_schema_extra=_FOLLOWED,
        default=None,
        repr=False,
        description="TURN servers with a fixed user name and credential, which every user is "
        'given: JSON, `[{"urls": ["turn:turn.example.org"], "username": "u", "credential": "c"}]`.',
    )


class Calling(BaseModel):
    """Calls and presence."""

    ring_timeout: int = Field(
        default=45, ge=15, le=120, description="Seconds from the initiate until nobody answered."
    )
    connect_timeout: int = Field(
        default=30,
        ge=5,
        le=120,
        description="Seconds from the accept until the answer must be there.",
    )
    max_call_duration: int | None = Field(
        default=None, ge=1, description="Seconds after which a call is ended; no limit if unset."
    )
    call_waiting: bool = Field(
        default=False, description="Whether a user in a call is rung, rather than reported busy."
    )
    presence: AnyCase[Literal["everyone", "nobody"]] = Field(
        default="everyone",
        description="Who sees who is online: `everyone`, or `nobody`; then a call rings its "
        "time at whoever is called, also where no device is there.",
    )


class Limits(BaseModel):
    """Limits."""

    max_message_bytes: int = Field(
        default=65_536, ge=4_096, le=1_048_576, description="Bytes that one message may have."
    )
    max_connections: int = Field(
        default=0,
        ge=0,
        description="Clients that may be connected at a time, with connections over which no "
        "request has come. Of TCP connections there may be twice as many, for each of which the "
        "process must be allowed [an open file](deploy.md#open-files). 0 is as many as it is "
        "allowed.",
    )
    memory_budget: Size | None = Field(
        default=None,
        ge=0,
        description="Memory that the process may take, in bytes or with `Ki`, `Mi`, `Gi`: beyond "
        "it new connections get 503, and those of which most waits are closed. 0 is no limit; if "
        "unset, three quarters of the container's limit, or else of the machine's memory.",
    )
    rate_limit_scale: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Factor that multiplies every rate limit.",
    )


class Logging(BaseModel):
    """Logs."""

    log_level: AnyCase[Literal["debug", "info", "warning", "error"]] = Field(
        json_schema_extra=_ON_SIGHUP,
        default="info",
        description="Least level that is written: `debug`, `info`, `warning`, `error`.",
    )
    log_format: AnyCase[Literal["auto", "json", "console"]] = Field(
        default="auto",
        description="`json`, `console`, or `auto`: `console` on a terminal, else `json`.",
    )
    log_user: AnyCase[Literal["plain", "hmac", "none"]] = Field(
        default="hmac",
        description="How users stand in logs: `plain` (the id), `hmac` (a keyed hash of it) or "
        "`none`.",
    )
