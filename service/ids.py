"""Names for new things: unguessable, short, safe in a URL."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID, uuid4

_BYTES = 16  # 128 bits: not to be guessed, never to collide


PROBE_USER = "ringline-probe"
"""The user that probes of TURN are; users who call for a probe have ids that begin like it."""


def of_probe(user: str) -> bool:
    """Whether this is a user of `ringline probe`."""
    return user.startswith(PROBE_USER)


def call_id() -> str:
    """A new call's id, `c_` and 22 URL-safe characters: the bits of a UUID (`uuid_of`)."""
    return f"c_{urlsafe_b64encode(uuid4().bytes)[:-2].decode()}"


def uuid_of(call_id: str) -> str:
    """The UUID (RFC 9562, version 4) whose bits are those of a call's id: 36 characters."""
    return str(UUID(bytes=urlsafe_b64decode(f"{call_id.removeprefix('c_')}==")))


def epoch() -> str:
    """A new epoch of a session, 12 URL-safe characters."""
    return secrets.token_urlsafe(9)


def session_id() -> str:
    """A new session's id, `s_` and 22 URL-safe characters."""
    return f"s_{secrets.token_urlsafe(_BYTES)}"
