"""The tokens with which a session is taken up again: shown to its client once, kept as hashes."""

import hashlib
import secrets

_BYTES = 32


def new_token() -> str:
    """A token that nobody guesses, 43 URL-safe characters."""
    return secrets.token_urlsafe(_BYTES)


def hashed(token: str) -> bytes:
    """What is kept of a token. It has 256 random bits, so that a plain hash cannot be undone."""
    return hashlib.sha256(token.encode()).digest()
