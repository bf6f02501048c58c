"""`ringline probe` as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.service import SECRET
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[3]

Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start `ringline probe …` in an empty folder; one that still runs at the end is killed."""
    started: list[asyncio.subprocess.Process] = []

    async def begin(*options: str, **environ: str) -> asyncio.subprocess.Process:
        local = ("--metrics-host", "127.0.0.1") if "--metrics-port" in options else ()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "probe", *options, *local),
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "RINGLINE_JWT_SECRET": SECRET,
                **environ,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def probe(start: Start) -> Callable[..., Awaitable[tuple[int, str, str]]]:
    """Run `ringline probe …` to its end; its status and what it said on both streams."""

    async def run(*options: str, **environ: str) -> tuple[int, str, str]:
        process = await start(*options, **environ)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    return run
