"""The header of a token (RFC 7515, 4): read before anything in the token can be believed.

Only `alg` and `kid` are used, and only to choose among keys that are already trusted. A header
that names a place to get a key from is refused, and nothing is read or fetched on its account.
"""

import re
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.exceptions import DecodeError, InvalidTokenError

from service.auth.keys import BadSignature
from service.errors import Unauthenticated

_TYPES = frozenset({"jwt", "at+jwt"})  # RFC 7519, 5.1; RFC 9068, 2.1
_KEY_PLACES = frozenset({"jku", "x5u", "jwk"})
_LONGEST_KID = 256
_THUMBPRINT = re.compile(r"(?:[A-Za-z0-9+/]{27}|[A-Za-z0-9+/]{43})=")  # base64 has slashes, too
_LOCATION = re.compile(r"[/\\\x00-\x1f\x7f]|\.\.|%2f|%5c|^[.~]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """What chooses the key."""

    alg: str
    kid: str | None


def read_header(token: str, algorithms: frozenset[str]) -> Header:
    """The token's header, admitted algorithms only.

    Raises:
        BadSignature: `alg` is none, or not one of `algorithms`.
        Unauthenticated: anything else is wrong with it.
    """
    try:
        header = jwt.get_unverified_header(token)
    except DecodeError:
        raise Unauthenticated("The token is not a well-formed signed JWT.") from None
    except InvalidTokenError:
        raise Unauthenticated("The token's kid or crit is not one that can be used.") from None
    _refuse_extensions(header)
    _check_type(header)
    return Header(alg=_alg(header, algorithms), kid=_kid(header))


def _refuse_extensions(header: dict[str, Any]) -> None:
    if "crit" in header or "b64" in header:
        raise Unauthenticated("The token's header needs an extension that is not supported.")
    if _KEY_PLACES & header.keys():
        raise Unauthenticated("The token's header brings a key of its own (jku, x5u or jwk).")


def _check_type(header: dict[str, Any]) -> None:
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise Unauthenticated("The token's typ is neither JWT nor at+jwt.")


def _alg(header: dict[str, Any], algorithms: frozenset[str]) -> str:
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in algorithms:
        raise BadSignature("The token's algorithm is not one that this service accepts.")
    return alg


def _kid(header: dict[str, Any]) -> str | None:
    kid: str | None = header.get("kid")  # pyjwt has seen that it is a string
    if kid is None or _THUMBPRINT.fullmatch(kid):
        return kid
    if len(kid) > _LONGEST_KID or _LOCATION.search(kid):
        raise Unauthenticated("The token's kid is not the name of a key.")
    return kid
