"""One resumable session that loses its connection, and comes back on another."""

import asyncio
import random
from typing import Any

from picows import WSError, ws_connect

from loadtest.guest import Guest
from loadtest.resumable import Resumable

_ANSWER_WITHIN_S = 20.0
_AGAIN_AFTER_S = (0.5, 1.5)
"""As socket.io-client tries for the first time again."""
_ADDRESSES = 50
"""Of loopback, from which they come: one alone may have 2,500 whose token is not yet known."""


class Returner(Guest):
    """Comes, as often as that fails."""

    def __init__(self, number: int, url: str, key: str) -> None:
        user = f"returner-{number}"
        super().__init__(user, Resumable(user), key)
        self.resumed = ""
        """What its last `user:joined` says."""
        self.tries = 0
        """How often it has connected, or tried to."""
        self._url = url
        self._address = f"127.0.1.{number % _ADDRESSES + 1}", 0

    def heard(self, event: str, payload: dict[str, Any]) -> None:
        """All that counts is the greeting."""
        if event == "user:joined":
            self.resumed = payload["resumed"]

    async def come(self) -> None:
        """Connect and join."""
        while True:
            self.tries += 1
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    await ws_connect(
                        lambda: self,
                        self._url,
                        websocket_handshake_timeout=None,
                        local_addr=self._address,
                    )
                    await self.joined.wait()
            except (OSError, WSError):  # TimeoutError is an OSError
                self.cut()
                await asyncio.sleep(random.uniform(*_AGAIN_AFTER_S))  # noqa: S311 - no secret
            else:
                return
