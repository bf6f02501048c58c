"""What a verified token says: its claims (RFC 7519, 4) as an `Identity`.

The signature is good by now, so what is refused here is a mistake of the issuer, and no forgery.
"""

import math
import re
from typing import Any, TypeGuard

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
    user = _user(claims["sub"])
    iat, exp, nbf = _times(claims)
    if exp - iat > (longest := settings.jwt_max_lifetime):
        raise Unauthenticated(f"The token lives longer than {longest} s (exp - iat).")
    scope = claims.get("scope")
    _check_begun(max(iat, nbf) - settings.jwt_leeway - now_s)
    return Identity(
        user=user,
        name=_name(claims.get("name")),
        expires_at=exp * 1000,
        scopes=frozenset(scope.split()) if _is_text(scope) else frozenset(),  # RFC 8693, 4.2
        leeway_ms=settings.jwt_leeway * 1000,
    )


def _check_begun(ahead_s: int) -> None:
    """A clock that is a little fast must not sign anybody out: that passes by itself."""
    if ahead_s > SOON_S:
        raise Unauthenticated("The token is not valid yet (iat or nbf); compare the clocks.")
    if ahead_s > 0:
        raise AuthUnavailable(
            "The token is not valid yet (iat or nbf); try again, and compare the clocks.",
            retry_after_ms=ahead_s * 1000,
        )


def _times(claims: dict[str, Any]) -> list[int]:
    """`iat`, `exp` and `nbf`, each a NumericDate (RFC 7519, 2) without its fraction."""
    times = []
    for claim in ("iat", "exp", "nbf"):
        value = claims.get(claim, 0)
        if not (isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))):
            raise Unauthenticated(f"The token's {claim} must be a number of seconds.")
        times.append(int(value))
    return times


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


def _name(name: Any) -> str | None:
    fit = _is_text(name) and len(name) <= LONGEST_NAME and legible.in_one_line(name)
    return name if fit and name.strip() else None


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether it is a string that can be written as UTF-8: JSON can spell lone surrogates."""
    return isinstance(value, str) and not _SURROGATE.search(value)
