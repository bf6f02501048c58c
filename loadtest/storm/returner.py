"""One resumable session that loses its connection, and comes back on another."""

import asyncio
import random
from collections import Counter
from typing import Any

from picows import WSError, ws_connect

from loadtest.guest import Guest
from loadtest.resumable import Resumable

_ANSWER_WITHIN_S = 20.0
_AGAIN_AFTER_S = (0.5, 1.5)
"""As socket.io-client tries for the first time again."""
_ADDRESSES = 50
"""Of loopback, from which they come: one alone may have 2,500 whose token is not yet known."""


class Returner:
    """Comes, as often as that fails.

    Args:
        failures: counts what connections failed by.
    """

    def __init__(self, number: int, url: str, key: str, failures: Counter[str]) -> None:
        self.resumed = ""
        """What the last `user:joined` says."""
        self._user = f"returner-{number}"
        self._resumable = Resumable(self._user)
        self._url = url
        self._key = key
        self._address = f"127.0.1.{number % _ADDRESSES + 1}", 0
        self._failures = failures
        self._visit: Visit | None = None

    async def come(self) -> None:
        """Connect and join."""
        while True:
            visit = self._visit = Visit(self._user, self._resumable, self._key)
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    await ws_connect(
                        lambda visit=visit: visit,
                        self._url,
                        websocket_handshake_timeout=None,
                        local_addr=self._address,
                    )
                    await visit.joined.wait()
            except (OSError, WSError) as why:  # TimeoutError is an OSError
                self._failures[type(why).__name__] += 1
                self.drop()
                await asyncio.sleep(random.uniform(*_AGAIN_AFTER_S))  # noqa: S311 - no secret
            else:
                self.resumed = visit.resumed
                return

    def drop(self) -> None:
        """Lose the connection."""
        if self._visit is not None:
            self._visit.cut()


class Visit(Guest):
    """One connection of it."""

    resumed = ""

    def heard(self, event: str, payload: dict[str, Any]) -> None:
        """All that counts is the greeting."""
        if event == "user:joined":
            self.resumed = payload["resumed"]
