"""Time for the tests of what is fetched: a clock that is told, and how long is quick."""

import time
from dataclasses import dataclass
from typing import Any

from service.auth.jwks import JwksKeys

TIMEOUT_S = 2.0


@dataclass
class Hands:
    """A clock that moves when it is told to."""

    now: int = 0

    def __call__(self) -> int:
        return self.now


async def settled(keys: JwksKeys) -> None:
    """The fetch in the background, if there is one, has ended."""
    await keys.under_way()


async def ticked(keys: JwksKeys) -> None:
    """What is due was begun, and has ended."""
    keys.tick()
    await settled(keys)


async def quickly(verifying: Any) -> None:
    """It verifies while a fetch takes the whole timeout."""
    begun = time.monotonic()
    assert (await verifying).user == "alice"
    assert time.monotonic() - begun < TIMEOUT_S / 2
