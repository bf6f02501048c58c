"""`serve --dev` as a process of its own, and what it said."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.secrets import found
from tests.support.waiting import PATIENCE_S

GREETING = re.compile(
    r"^  Ringline is running\..*?^  TURN [^\n]*\n(?:(?:  (?:Trust|Note) | {13})[^\n]*\n)*",
    re.MULTILINE | re.DOTALL,
)
"""It shows tokens, for that is what it is for; nothing else may."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A `serve --dev` that runs, and all that it said up to the end of its greeting."""

    process: asyncio.subprocess.Process
    said: str
    turnservers: tuple[int, ...]

    def find(self, pattern: str) -> str:
        """The first group of a pattern that must be in what was said."""
        found = re.search(pattern, self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; gives the exit status."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


@asynccontextmanager
async def started(
    folder: Path, *arguments: str, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `serve --dev` in an empty folder, on free ports, with nothing else set."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("RINGLINE_")}
    environ |= {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(Path.cwd()),
        "RINGLINE_PORT": "0",
        "RINGLINE_ADMIN_PORT": "0",
        "RINGLINE_LOG_LEVEL": "debug",
    } | variables
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "serve", "--dev", *arguments),
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        rest, _ = await process.communicate()
    assert found(GREETING.sub("", rest.decode())) == []


@asynccontextmanager
async def trial(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[Trial]:
    """Run `serve --dev` as `started` does, up to the end of its greeting."""
    async with started(folder, *arguments, **variables) as process:
        async with asyncio.timeout(PATIENCE_S):
            said = await greeted(process)
        assert GREETING.search(said), said
        assert found(GREETING.sub("", said)) == []
        children = psutil.Process(process.pid).children()
        turnservers = (child.pid for child in children if child.name() == "turnserver")
        yield Trial(process, said, tuple(turnservers))


async def greeted(process: asyncio.subprocess.Process) -> str:
    """Everything it says up to the blank line that ends the greeting."""
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and "\n  TURN " in "".join(lines) and not lines[-1].strip()):
        line = (await process.stdout.readline()).decode()
        assert line, f"it ended without a greeting:\n{''.join(lines)}"
        lines.append(line)
    return "".join(lines)
