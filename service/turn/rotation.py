"""TURN secrets that change while the service runs, so that rotating them restarts nothing."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from service.ports import Clock
from service.turn.servers import TurnServers

_log = structlog.get_logger(__name__)

EVERY_MS = 5_000

Reread = Callable[[], Sequence[str]]
"""The secrets as they are set now, newest first; raises `SettingsError` when they are not fit."""


class Rotation:
    """Looks at the secrets every 5 s, and mints with the newest from then on.

    What cannot be read, or is no longer fit, changes nothing and is logged once.

    Args:
        servers: what mints.
        reread: reads files, so it runs in a thread.
        unfit: what `reread` raises on secrets that must not be taken.
        clock: now, in epoch ms.
    """

    def __init__(
        self, servers: TurnServers, reread: Reread, unfit: type[Exception], clock: Clock
    ) -> None:
        self._servers = servers
        self._reread = reread
        self._unfit = unfit
        self._clock = clock
        self._next_at = 0
        self._trouble: str | None = None

    async def tick(self) -> None:
        """Look when it is time to."""
        now = self._clock()
        if now < self._next_at:
            return
        self._next_at = now + EVERY_MS
        try:
            secrets = await asyncio.to_thread(self._reread)
        except self._unfit as trouble:
            if str(trouble) != self._trouble:
                self._trouble = str(trouble)
                _log.error("turn.secrets_unfit", why=self._trouble)
            return
        self._trouble = None
        if self._servers.rotate(secrets):
            _log.info("turn.secret_rotated", accepted=len(secrets))
