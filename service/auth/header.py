"""The header of a token (RFC 7515, 4): read before anything in the token can be believed.

Only `alg` and `kid` are used, and only to choose among keys that are already trusted. What a header
says of other keys or of places to get them from (`jku`, `jwk`, `x5u`, `x5c`, `x5t`) is ignored:
providers write it into good tokens, and nothing is read or fetched on its account.
"""

import json

from jwt.utils import base64url_decode

from service.auth.keys import BadSignature
from service.errors import Unauthenticated

NOT_A_JWT = "The token is not a well-formed signed JWT."
_DOTS = 2  # RFC 7515, 7.1
_TYPES = frozenset({"jwt", "at+jwt"})  # RFC 7519, 5.1; RFC 9068, 2.1
LONGEST_KID = 1024
"""Characters: ARNs, URLs and DIDs are kids, too. A kid is any text (RFC 7515, 4.1.4), compared with
the names of keys, and nothing else."""


def read_header(token: str, algorithms: frozenset[str]) -> tuple[str, str | None]:
    """What chooses the key: the token's `alg`, one of `algorithms`, and its `kid`.

    Raises:
        BadSignature: `alg` is none, or not one of `algorithms`.
        Unauthenticated: anything else is wrong with it.
    """
    try:  # the first of three parts; pyjwt, which reads all of them, does so when it verifies
        header = json.loads(base64url_decode(token.partition(".")[0]))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or token.count(".") != _DOTS:
        raise Unauthenticated(NOT_A_JWT)
    alg, kid, typ = header.get("alg"), header.get("kid", ""), header.get("typ", "JWT")
    if "crit" in header or "b64" in header:
        raise Unauthenticated("The token's header needs an extension that is not supported.")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise Unauthenticated("The token's typ is neither JWT nor at+jwt.")
    if not isinstance(alg, str) or alg not in algorithms:
        raise BadSignature("The token's algorithm is not one that this service accepts.")
    if not isinstance(kid, str):
        raise Unauthenticated("The token's kid is not a string.")
    if len(kid) > LONGEST_KID:
        raise Unauthenticated(f"The token's kid is over {LONGEST_KID} characters.")
    return alg, kid if "kid" in header else None
