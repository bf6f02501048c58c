"""How clients' tokens are verified."""

from typing import Literal

from pydantic import BaseModel, Field

from service.settings.sections import Followed
from service.settings.values.addresses import WebUrl
from service.settings.values.kinds import HmacSecret, Many, PublicKeys


class Tokens(BaseModel):
    """Tokens: exactly one kind of key."""

    jwt_secret: Followed[Many[HmacSecret]] = Field(
        default=(),
        repr=False,
        description="Keys of HS256 tokens, 32 bytes or more each, comma separated, newest first: "
        "each verifies, and `ringline token` signs with the first. A key must not contain a comma.",
    )
    jwt_public_key: Followed[PublicKeys | None] = Field(
        default=None,
        repr=False,
        description="Keys of RS256, ES256 or EdDSA tokens: one PEM text after the other, line "
        "breaks also as `\\n`; each verifies.",
    )
    jwks_url: WebUrl | None = Field(
        default=None, description="URL of the identity provider's keys (RFC 7517)."
    )
    jwt_algorithms: Followed[Many[Literal["HS256", "RS256", "ES256", "EdDSA"]]] = Field(
        default=(),
        description="Algorithms that may sign tokens, comma separated: `HS256`, "
        "`RS256`, `ES256`, `EdDSA`; if unset, those that fit the key.",
    )
    jwt_issuer: Many[str] = Field(
        default=(), description="Accepted values of `iss`, comma separated; if unset, any."
    )
    jwt_audience: Many[str] = Field(
        default=(), description="Accepted values of `aud`, comma separated; if unset, any."
    )
    jwt_leeway: int = Field(
        default=10,
        ge=0,
        le=300,
        description="Seconds by which clocks may differ when a token is checked.",
    )
    jwt_max_lifetime: int = Field(
        default=86_400, ge=60, description="Most seconds from `iat` to `exp` of a token."
    )
