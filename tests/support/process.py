"""The service as operators run it: a process of its own, ended by its id."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.service import SECRET
from tests.support.waiting import PATIENCE_S, until


@dataclass
class ServiceProcess:
    """A `python -m service` that serves, and where."""

    process: asyncio.subprocess.Process
    port: int
    admin_port: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    """What it has logged, from `node.ready` on."""

    async def logged(self, event: str) -> dict[str, Any]:
        """Wait for a line of this event, the first one."""
        await until(lambda: any(line["event"] == event for line in self.lines), event)
        return next(line for line in self.lines if line["event"] == event)

    async def status(self) -> int:
        """Wait for its end; the exit status."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


async def started(folder: Path, **settings: str) -> asyncio.subprocess.Process:
    """A process with these settings, of which nobody knows yet whether it serves.

    `nofile` is none of them: `SOFT:HARD`, the files that it may have open.
    """
    limit = settings.pop("nofile", None)
    limited = () if limit is None else ("prlimit", f"--nofile={limit}")
    environ = {
        "PATH": os.environ["PATH"],
        "PURE_PYTHON": os.environ["PURE_PYTHON"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "RINGLINE_HOST": "127.0.0.1",
        "RINGLINE_PORT": "0",
        "RINGLINE_ADMIN_PORT": "0",
        "RINGLINE_LOG_FORMAT": "json",
        **{f"RINGLINE_{name.upper()}": value for name, value in settings.items()},
    }
    return await asyncio.create_subprocess_exec(
        *limited, sys.executable, "-m", "service",
        cwd=folder, env=environ, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def process(**settings: str) -> AsyncIterator[ServiceProcess]:
    """A process that serves on free ports; killed at the end if it still runs."""
    async with unread(**settings) as service:
        assert service.process.stderr is not None
        reading = asyncio.create_task(_read(service.process.stderr, service.lines))
        try:
            yield service
        finally:
            reading.cancel()
            await asyncio.wait({reading})


@asynccontextmanager
async def unread(**settings: str) -> AsyncIterator[ServiceProcess]:
    """The same, whose log nobody reads once it is ready, until it has ended."""
    with TemporaryDirectory(prefix="ringline-") as folder:
        running = await started(Path(folder), **({"jwt_secret": SECRET} | settings))
        assert running.stderr is not None
        try:
            async with asyncio.timeout(PATIENCE_S):
                line = await running.stderr.readuntil(b"node.ready")
                line += await running.stderr.readline()
            ready = json.loads(line.splitlines()[-1])
            yield ServiceProcess(running, ready["port"], ready["admin_port"])
        finally:
            if running.returncode is None:
                running.kill()
            await running.communicate()


async def _read(stream: asyncio.StreamReader, lines: list[dict[str, Any]]) -> None:
    """Keep what is logged; a traceback that Python itself prints is no line of the log."""
    async for line in stream:
        with contextlib.suppress(ValueError):
            lines.append(json.loads(line))
