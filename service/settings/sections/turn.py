"""STUN and TURN servers that clients are given."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.sections import Followed
from service.settings.values.addresses import StunUrl, TurnUrl
from service.settings.values.kinds import AnyCase, Many, Regions, TurnSecret


class Turn(BaseModel):
    """STUN and TURN."""

    turn_provider: Many[AnyCase[Literal["coturn", "cloudflare", "twilio", "static"]]] = Field(
        default=("coturn",),
        description="Providers of TURN servers, comma separated; clients get the servers of the "
        "first one that has some. `coturn` is `RINGLINE_TURN_URLS`; the others are [accounts at "
        "providers](deploy.md#turn-by-a-provider).",
    )
    turn_secret: Followed[Many[TurnSecret]] = Field(
        default=(),
        repr=False,
        description="Secrets shared with the TURN server (coturn's `static-auth-secret`), comma "
        "separated, newest first: the first one makes the credentials, once all TURN servers have "
        "it (`RINGLINE_TURN_SECRET_PROPAGATION`). Each is up to 255 ASCII letters, digits, signs, "
        "without spaces, quotes and backslashes.",
    )
    turn_secret_propagation: int = Field(
        default=120,
        ge=0,
        le=3_600,
        description="Seconds after which the service uses a new TURN secret that it has seen "
        "before an older one: in this time every TURN server gets the secret too.",
    )
    # Four are plenty: a browser gathers candidates from each, so that calls connect later.
    turn_urls: Many[TurnUrl] = Field(
        default=(), description="TURN URLs that clients get, comma separated (RFC 7065)."
    )
    turn_regions: Regions = Field(
        default_factory=dict,
        description="TURN servers by region, chosen with `GET /v1/ice?region=`: JSON, "
        '`{"eu": ["turn:eu.example.org"]}`.',
    )
    turn_ttl: int = Field(
        default=14_400, ge=60, le=86_400, description="Seconds that a TURN credential is valid."
    )
    turn_username: AnyCase[Literal["plain", "hmac"]] = Field(
        default="plain",
        description="How TURN user names hold the user: `plain` (the id) or `hmac` (a keyed hash "
        "of it).",
    )
    turn_probe: bool = Field(
        default=True,
        description="Whether the node probes the TURN server of `RINGLINE_TURN_URLS` every 30 s.",
    )
    stun_urls: Many[StunUrl] = Field(
        default=(), description="STUN URLs that clients get, comma separated (RFC 7064)."
    )
    ice_transport_policy: AnyCase[Literal["all", "relay"]] = Field(
        default="all", description="`relay` sends all media through TURN, `all` allows every path."
    )
