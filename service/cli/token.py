"""`ringline token`: a token for development."""

import secrets
import sys
import time
from collections.abc import Mapping, Sequence

import jwt

from service.auth.claims import identity
from service.cli import WRONG
from service.errors import Unauthenticated
from service.settings import Settings, SettingsError, load


def run(
    environ: Mapping[str, str], user: str, name: str | None, ttl: int, scopes: Sequence[str]
) -> int:
    """Print a token that this service accepts, and nothing else.

    Raises:
        SettingsError: something is set wrong, or there is no secret to sign with.
    """
    settings = load(environ)
    try:
        token = mint(settings, user, name=name, ttl=ttl, scopes=scopes, now=int(time.time()))
    except Unauthenticated as refusal:
        print(f"ringline: {refusal.message}", file=sys.stderr)
        return WRONG
    print(token)
    return 0


def mint(
    settings: Settings,
    user: str,
    *,
    now: int,
    ttl: int = 3_600,
    name: str | None = None,
    scopes: Sequence[str] = (),
) -> str:
    """An HS256 token signed with the newest secret, for the first issuer and audience that are set.

    Args:
        settings: the settings whose `jwt_secret` signs.
        user: the `sub`.
        now: epoch seconds.
        ttl: seconds that it is valid for.
        name: the name that others see.
        scopes: rights, such as `admin`.

    Raises:
        SettingsError: there is no secret to sign with.
        Unauthenticated: the service would refuse this token; the message says why.
    """
    if not settings.jwt_secret:
        raise SettingsError(
            "Tokens are made with RINGLINE_JWT_SECRET, which is not set: this service believes "
            "those of another issuer, so ask that one for a token."
        )
    claims = {
        "sub": user,
        "iat": now,
        "exp": now + ttl,
        "jti": secrets.token_urlsafe(16),
        "iss": next(iter(settings.jwt_issuer), None),
        "aud": next(iter(settings.jwt_audience), None),
        "name": name,
        "scope": " ".join(scopes),
    }
    said = {claim: value for claim, value in claims.items() if value}
    identity({"sub": user, **said}, settings, now)
    return jwt.encode(said, settings.jwt_secret[0].get_secret_value(), algorithm="HS256")
