"""Which of the secrets mints, while they are being replaced.

TURN servers get a new secret each at its own time: a kubelet renews the files of its pods up to a
minute and a half after another. Whoever is handed a credential of a secret that a server has not
got yet is refused (401). So the service waits before it mints with one.
"""

from collections.abc import Sequence
from typing import Literal

Change = Literal["waits", "rotated", "replaced"]
"""A new secret is there and does not mint yet; another one mints; or another one mints before its
time, because the one that minted is gone."""


class Rotation:
    """Minting with the newest secret that every TURN server has had the time to get.

    When those that are there at the start came is not known. The oldest of them is the one that
    every server has for certain: it mints until the others have been seen for as long as any.

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
        """These are the secrets now (epoch ms); what is new about it, if anything."""
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
