"""The header of a token (RFC 7515, 4): read before anything in the token can be believed.

Only `alg` and `kid` are used, and only to choose among keys that are already trusted. A header
that names a place to get a key from is refused, and nothing is read or fetched on its account.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from jwt.utils import base64url_decode

from service.auth.keys import BadSignature
from service.errors import Unauthenticated

NOT_A_JWT = "The token is not a well-formed signed JWT."
_DOTS = 2  # RFC 7515, 7.1
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
    header = _decoded(token)
    _refuse_extensions(header)
    _check_type(header)
    return Header(alg=_alg(header, algorithms), kid=_kid(header))


def _decoded(token: str) -> dict[str, Any]:
    """The first of the three parts; pyjwt, which reads all of them, does so when it verifies."""
    try:
        header = json.loads(base64url_decode(token.partition(".")[0]))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or token.count(".") != _DOTS:
        raise Unauthenticated(NOT_A_JWT)
    return header


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
    kid = header.get("kid")
    if kid is None:
        return None
    if not isinstance(kid, str):
        raise Unauthenticated("The token's kid is not a string.")
    if _THUMBPRINT.fullmatch(kid):
        return kid
    if len(kid) > _LONGEST_KID or _LOCATION.search(kid):
        raise Unauthenticated("The token's kid is not the name of a key.")
    return kid
