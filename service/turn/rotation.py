"""Which secret mints credentials while secrets are being replaced.

Each TURN server gets a new secret at a time of its own: one kubelet renews the files of its pods up
to a minute and a half after another. A server that lacks a secret refuses its credentials (401), so
the service waits before it mints with a new one.
"""

from collections.abc import Sequence
from typing import Literal

Change = Literal["waits", "rotated", "replaced"]
"""`waits`: a new secret does not mint yet. `rotated`: another secret mints now. `replaced`: another
secret mints before its time, because the former one is gone."""


class Rotation:
    """Mints with the newest secret that every TURN server has had the time to get.

    At the start it is not known since when the secrets are set. Every server has the oldest for
    certain, so that one mints until the others have been seen for long enough.

    Args:
        secrets: newest first.
        propagation_ms: how long a secret is seen before it mints.
    """

    def __init__(self, secrets: Sequence[str], propagation_ms: int = 0) -> None:
        self._propagation_ms = propagation_ms
        known = secrets[-1:] if propagation_ms else secrets[:1]
        self._seen = dict.fromkeys(known, -propagation_ms)
        self.minting = known[0] if known else None

    def follow(self, secrets: Sequence[str], now: int) -> Change | None:
        """Take the secrets that are set now (epoch ms); tells what that changes, if anything."""
        before, known = self.minting, self._seen
        self._seen = {secret: known.get(secret, now) for secret in secrets}
        self.minting = self._fit(secrets, now)
        if self.minting != before:
            return "replaced" if before and before not in secrets else "rotated"
        return "waits" if secrets and secrets[0] not in known else None

    def _fit(self, secrets: Sequence[str], now: int) -> str | None:
        for secret in secrets:
            if now - self._seen[secret] >= self._propagation_ms:
                return secret
        return min(reversed(secrets), key=self._seen.__getitem__, default=None)
