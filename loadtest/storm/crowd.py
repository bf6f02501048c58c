"""The hold on the process with the sessions of a storm."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from loadtest.guest import KEY
from loadtest.serving import Served

_WITHIN_S = 300.0
_MOST_SAID = 1024 * 1024
"""Bytes of an answer, which has a number for each session."""


@dataclass(frozen=True, slots=True)
class Returns:
    """What became of the sessions.

    Args:
        took_s: after how many seconds each was back, in order.
        resumed: how many were replayed, got a snapshot, or were new ones.
        failures: connections that failed, by the error, after which a session tried again.
    """

    took_s: list[float]
    resumed: dict[str, int]
    failures: dict[str, int]


class Crowd:
    """So many resumable sessions on one service."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def here(self) -> None:
        """Wait until all have joined."""
        await self._told()

    async def drop(self) -> Returns:
        """Have all lose their connections, and wait until each has come back on another."""
        self.tell("drop")
        return Returns(**await self._told())

    def tell(self, what: object) -> None:
        """Tell it one thing."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(_WITHIN_S):
            line = await self._process.stdout.readline()
        if not line:
            raise ChildProcessError("The clients of the storm failed.")
        told: dict[str, Any] = json.loads(line)
        return told


@asynccontextmanager
async def crowd(served: Served, sessions: int) -> AsyncIterator[Crowd]:
    """So many resumable sessions, for the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.storm.clients"),
        stdin=PIPE,
        stdout=PIPE,
        limit=_MOST_SAID,
    )
    try:
        them = Crowd(process)
        them.tell({"url": served.url, "key": KEY, "sessions": sessions})
        yield them
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
