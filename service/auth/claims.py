"""What a verified token says: its claims (RFC 7519, 4) as an `Identity`.

The signature is good by now, so what is refused here is a mistake of the issuer, and no forgery.
"""

import math
import re
from typing import Any

from service.errors import AuthUnavailable, Unauthenticated
from service.ports import Identity
from service.settings import Settings
from service.wire import legible

LONGEST_SUB = 128  # characters
LARGEST_SUB = 256  # UTF-8 bytes: coturn's user names, which hold it, end at 512
LONGEST_NAME = 128  # characters
SOON_S = 300
"""How far ahead of its time a token may come, beyond the leeway, and be refused for now only."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def identity(claims: dict[str, Any], settings: Settings, now_s: int) -> Identity:
    """Who speaks, by claims of which pyjwt has seen that `exp`, `iat` and `sub` are there.

    A `name` or `scope` that is unfit is ignored; nothing hangs on the one, and the other only
    adds rights.

    Raises:
        Unauthenticated: the message names the claim and what is wrong with it.
        AuthUnavailable: nothing is wrong, and the token begins within minutes.
    """
    user, name = _user(claims["sub"]), _text(claims.get("name"))
    fit = name.strip() and len(name) <= LONGEST_NAME and legible.in_one_line(name)
    return Identity(
        user=user,
        name=name if fit else None,
        expires_at=_expiry(claims, settings, now_s) * 1000,
        scopes=frozenset(_text(claims.get("scope")).split()),  # RFC 8693, 4.2
        leeway_ms=settings.jwt_leeway * 1000,
    )


def _expiry(claims: dict[str, Any], settings: Settings, now_s: int) -> int:
    """`exp` of a token that lives short enough and has begun.

    Each of its times is a NumericDate (RFC 7519, 2), taken without its fraction.
    """
    times = []
    for claim in ("iat", "exp", "nbf"):
        value = claims.get(claim, 0)
        if not (isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))):
            raise Unauthenticated(f"The token's {claim} must be a number of seconds.")
        times.append(int(value))
    iat, exp, nbf = times
    if exp - iat > (longest := settings.jwt_max_lifetime):
        raise Unauthenticated(f"The token lives longer than {longest} s (exp - iat).")
    ahead_s = max(iat, nbf) - settings.jwt_leeway - now_s
    if ahead_s > SOON_S:
        raise Unauthenticated("The token is not valid yet (iat or nbf); compare the clocks.")
    if ahead_s > 0:  # a clock that is a little fast must not sign anybody out: that passes
        raise AuthUnavailable(
            "The token is not valid yet (iat or nbf); try again, and compare the clocks.",
            retry_after_ms=ahead_s * 1000,
        )
    return exp


def _user(sub: str) -> str:
    """A user id that is fit for a log line, a key in the store and a TURN user name."""
    if not sub:
        raise Unauthenticated("The token's sub is empty.")
    if wrong := legible.fault(sub):
        raise Unauthenticated(f"The token's sub {wrong}.")
    if len(sub) > LONGEST_SUB or len(sub.encode()) > LARGEST_SUB:
        raise Unauthenticated(
            f"The token's sub is over {LONGEST_SUB} characters or {LARGEST_SUB} bytes."
        )
    return sub


def _text(value: Any) -> str:
    """A string that can be written as UTF-8, empty otherwise: JSON can spell lone surrogates."""
    return value if isinstance(value, str) and not _SURROGATE.search(value) else ""
