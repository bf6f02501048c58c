"""Credentials that a TURN server can check without having heard of them.

The arithmetic is that of draft-uberti-behave-turn-rest-00, section 2.2, and of coturn's
`use-auth-secret`: the user name holds the expiry, and the password is a MAC of the user name under
a secret that this service and the TURN server share.
"""

import hmac
from base64 import b64encode


def username(name: str, expires: int) -> str:
    """A user name that is valid until `expires` (epoch seconds)."""
    return f"{expires}:{name}"


def password(secret: bytes, username: str) -> str:
    """base64(HMAC-SHA1(secret, username)); coturn supports no other digest."""
    return b64encode(hmac.digest(secret, username.encode(), "sha1")).decode("ascii")


def pseudonym(secret: bytes, user: str) -> str:
    """32 hex digits, the same for a user each time, so that quotas work; they hide who it is."""
    return hmac.digest(secret, b"ringline turn user:" + user.encode(), "sha256").hex()[:32]


def passes_coturn(user: str) -> bool:
    """Whether coturn answers a user of this name at all.

    Its `is_secure_string` drops a request whose user name could be an attack on a shell or on SQL.
    It sends no reply, so the client would wait for half a minute and learn nothing.
    """
    if not _DROPPED.isdisjoint(user):
        return False
    lowered = user.lower()
    return not ("union" in lowered and "select" in lowered)


_DROPPED = frozenset(" \t\r\n'\"\\")
