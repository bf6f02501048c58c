"""How users are named in logs and traces."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["plain", "hmac", "none"]
_PSEUDONYM_DIGITS = 16


@dataclass(frozen=True, slots=True)
class UserNames:
    """What logs and traces show of a user, as `RINGLINE_LOG_USER` says.

    Args:
        mode: `plain` shows the id, `hmac` a keyed hash of it, `none` nothing.
        key: the key of the hash; with the same key a user has the same name everywhere.
    """

    mode: Mode
    key: bytes = field(repr=False)

    def __call__(self, user: str) -> str | None:
        """The name to show for a user id, 16 hexadecimal digits when hashed; None for none."""
        if self.mode == "none":
            return None
        if self.mode == "plain":
            return user
        digest = hmac.digest(self.key, user.encode(), hashlib.sha256)
        return digest.hex()[:_PSEUDONYM_DIGITS]
