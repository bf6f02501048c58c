"""Secrets and keys that change while the service runs, so that rotating them restarts nothing."""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from service.ports import Clock
from service.settings import Settings, SettingsError

_log = structlog.get_logger(__name__)

EVERY_MS = 5_000

Follower = Callable[[Settings], None]
"""Takes what it follows out of the settings as they are set now; `ValueError` when it is unfit."""


class Rotation:
    """Looks at the settings every 5 s, and hands them to whoever follows a secret in them.

    What cannot be read, or is no longer fit, changes nothing and is logged once.

    Args:
        reread: the settings as they are set now; reads files, so it runs in a thread.
        clock: now, in epoch ms.
        followers: the others go on where one finds its secret unfit.
    """

    def __init__(self, reread: Callable[[], Settings], clock: Clock, *followers: Follower) -> None:
        self._reread = reread
        self._clock = clock
        self._followers = followers
        self._next_at = 0
        self._troubles: tuple[str, ...] = ()

    async def tick(self) -> None:
        """Look when it is time to."""
        now = self._clock()
        if now < self._next_at:
            return
        self._next_at = now + EVERY_MS
        try:
            settings = await asyncio.to_thread(self._reread)
            troubles = tuple(self._handed_on(settings))
        except SettingsError as unfit:
            troubles = unfit.mistakes
        for why in troubles:
            if why not in self._troubles:
                _log.error("secrets.unfit", why=why)
        self._troubles = troubles

    def _handed_on(self, settings: Settings) -> Iterator[str]:
        for follow in self._followers:
            try:
                follow(settings)
            except ValueError as unfit:
                yield str(unfit)
