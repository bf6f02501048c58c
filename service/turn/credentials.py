"""Credentials that a TURN server can check without being told of them.

The arithmetic is draft-uberti-behave-turn-rest-00, section 2.2, as coturn's `use-auth-secret`
does it: the user name says until when, and the password is a MAC of it under a secret that this
service and the TURN server share.
"""

import hmac
from base64 import b64encode


def username(name: str, expires: int) -> str:
    """The user name that is good until `expires` (epoch seconds)."""
    return f"{expires}:{name}"


def password(secret: bytes, username: str) -> str:
    """base64(HMAC-SHA1(secret, username)); coturn knows no other digest."""
    return b64encode(hmac.digest(secret, username.encode(), "sha1")).decode("ascii")


def pseudonym(secret: bytes, user: str) -> str:
    """32 hex digits that stay the same for a user, so quotas hold, and tell nobody who it is."""
    return hmac.digest(secret, b"ringline turn user:" + user.encode(), "sha256").hex()[:32]


def passes_coturn(user: str) -> bool:
    """Whether coturn answers such a user at all.

    Its `is_secure_string` drops a request whose user name might be trouble in a shell or in SQL,
    without a reply: the client would wait for half a minute and learn nothing.
    """
    if not _TROUBLE.isdisjoint(user):
        return False
    lowered = user.lower()
    return not ("union" in lowered and "select" in lowered)


_TROUBLE = frozenset(" \t\r\n'\"\\")
