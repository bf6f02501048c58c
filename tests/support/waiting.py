"""Waiting for what nobody announces."""

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60.0
"""How long anything may take on a machine that has much else to do; else it costs nothing."""
_LOOK_EVERY_S = 0.01


async def until(true: Callable[[], Any], what: str = "it", timeout: float = PATIENCE_S) -> None:
    """Wait until a condition of this process's own state holds."""
    try:
        async with asyncio.timeout(timeout):
            while not true():  # noqa: ASYNC110 - nothing tells when it does
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise AssertionError(f"waited {timeout} s for {what}") from None
