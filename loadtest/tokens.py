"""Tokens for the users: HS256 (RFC 7515, appendix A.1) from the standard library alone.

Locust's own image, in which this runs on a cluster and with Compose, has no JWT library.
"""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode

_LIFETIME_S = 3_600
_HEADER = {"alg": "HS256", "typ": "JWT"}


def token(user: str, key: str, issuer: str | None, audience: str | None) -> str:
    """A token of `user`, valid for an hour from now.

    Key, issuer and audience are as the service has them: of several, comma separated, the first.
    """
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + _LIFETIME_S}
    claims |= {"iss": _first(issuer), "aud": _first(audience)}
    said = {claim: value for claim, value in claims.items() if value}
    signed = f"{_part(json.dumps(_HEADER).encode())}.{_part(json.dumps(said).encode())}"
    return f"{signed}.{_part(hmac.digest(_first(key).encode(), signed.encode(), hashlib.sha256))}"


def _first(several: str | None) -> str:
    return (several or "").split(",")[0].strip()


def _part(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
