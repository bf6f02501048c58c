"""Names for new things: unguessable, short, safe in a URL."""

import secrets

_BYTES = 16  # 128 bits: not to be guessed, never to collide


PROBE_USER = "ringline-probe"
"""The user that probes of TURN are; users who call for a probe have ids that begin like it."""


def of_probe(user: str) -> bool:
    """Whether this is a user of `ringline probe`."""
    return user.startswith(PROBE_USER)


def call_id() -> str:
    """A new call's id, `c_` and 22 URL-safe characters."""
    return f"c_{secrets.token_urlsafe(_BYTES)}"


def session_id() -> str:
    """A new session's id, `s_` and 22 URL-safe characters."""
    return f"s_{secrets.token_urlsafe(_BYTES)}"
