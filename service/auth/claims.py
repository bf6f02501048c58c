"""What a verified token says: its claims (RFC 7519, 4) as an `Identity`.

The signature is good by now, so what is refused here is a mistake of the issuer, and no forgery.
"""

import unicodedata
from typing import Any

from service.errors import Unauthenticated
from service.ports import Identity

LONGEST_SUB = 128  # characters
LARGEST_SUB = 256  # UTF-8 bytes: coturn's user names, which hold it, end at 512
LONGEST_NAME = 128  # characters


def identity(claims: dict[str, Any], max_lifetime_s: int, leeway_s: int) -> Identity:
    """Who speaks, by claims of which pyjwt has seen that `exp`, `iat` and `sub` are there.

    A `name` or `scope` that is unfit is ignored; nothing hangs on the one, and the other only
    adds rights.

    Raises:
        Unauthenticated: the message names the claim and what is wrong with it.
    """
    return Identity(
        user=_user(claims["sub"]),
        name=_name(claims.get("name")),
        expires_at=_expires_at(claims["iat"], claims["exp"], max_lifetime_s),
        token_id=_token_id(claims.get("jti")),
        scopes=_scopes(claims.get("scope")),
        leeway_ms=leeway_s * 1000,
    )


def _expires_at(iat: Any, exp: Any, max_lifetime_s: int) -> int:
    if not (isinstance(iat, int | float) and isinstance(exp, int | float)):
        raise Unauthenticated("The token's iat and exp must be numbers of seconds.")
    if int(exp) - int(iat) > max_lifetime_s:
        raise Unauthenticated(f"The token lives longer than {max_lifetime_s} s (exp - iat).")
    return int(exp) * 1000


def _user(sub: str) -> str:
    """A user id that is fit for a log line, a key in the store and a TURN user name."""
    if not sub:
        raise Unauthenticated("The token's sub is empty.")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in sub):
        raise Unauthenticated("The token's sub holds control characters.")
    if len(sub) > LONGEST_SUB or len(sub.encode()) > LARGEST_SUB:
        raise Unauthenticated(
            f"The token's sub is over {LONGEST_SUB} characters or {LARGEST_SUB} bytes."
        )
    return sub


def _name(name: Any) -> str | None:
    return name if _is_text(name) and 0 < len(name) <= LONGEST_NAME else None


def _token_id(jti: str | None) -> str | None:
    if jti is not None and not _is_text(jti):
        raise Unauthenticated("The token's jti is not valid Unicode.")
    return jti


def _scopes(scope: Any) -> frozenset[str]:
    """RFC 8693, 4.2: one string, separated by spaces."""
    return frozenset(scope.split()) if _is_text(scope) else frozenset()


def _is_text(value: Any) -> bool:
    """Whether it is a string that can be written as UTF-8: JSON can spell lone surrogates."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)
