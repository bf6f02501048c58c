"""Clients that run in Node: the real socket.io-client, driven by lines of JSON."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import PATIENCE_S

"""Node takes a while to start where the cores are shared."""

WEBSOCKET = ("websocket",)
UPGRADE = ("polling", "websocket")
POLLING = ("polling",)

_FOLDER = Path(__file__).parent.parent / "e2e"
_LONGEST_LINE = 2**20


class NodeClient:
    """A script of tests/e2e that runs. `log` holds everything it reported so far, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[tuple[str, Any]] = []
        self._waiting: list[tuple[str, Any]] = []

    async def do(self, deed: str, **order: Any) -> None:
        """Have it do something; see `deeds` in the script."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": deed, **order}).encode() + b"\n")
        await self.process.stdin.drain()

    async def request(self, event: str, payload: Any) -> Any:
        """Emit with a callback and wait for what the callback is given."""
        await self.do("request", event=event, payload=payload)
        return await self.next("ack")

    async def next(self, event: str, timeout: float = PATIENCE_S) -> Any:
        """The first report of this name not yet taken, whatever came between."""
        try:
            async with asyncio.timeout(timeout):
                while not any(name == event for name, _ in self._waiting):
                    await self._read()
        except TimeoutError:
            raise AssertionError(f"waited {timeout} s for {event} in {self.log}") from None
        index = next(i for i, (name, _) in enumerate(self._waiting) if name == event)
        return self._waiting.pop(index)[1]

    def reports(self, *names: str) -> list[str]:
        """The names of the reports read so far, in order; only of those given."""
        return [name for name, _ in self.log if name in names]

    async def leave(self) -> int:
        """Disconnect and end; the exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            await self.process.communicate()
        return await self.process.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, f"the client ended after {self.log}"
        name, payload = json.loads(line)
        self.log.append((name, payload))
        self._waiting.append((name, payload))


@asynccontextmanager
async def node_client(
    script: str,
    *,
    url: str,
    token: str,
    transports: Sequence[str] = WEBSOCKET,
    trusted: Path | None = None,
    **options: Any,
) -> AsyncIterator[NodeClient]:
    """Run a script of tests/e2e, which trusts the authority of this certificate, too.

    Skips the test where Node or socket.io-client is missing.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed; run: apt-get install nodejs npm")
    if not (_FOLDER / "node_modules" / "socket.io-client").exists():
        pytest.skip("socket.io-client is not installed; run: npm ci --prefix tests/e2e")
    given = {"url": url, "token": token, "transports": transports, **options}
    process = await asyncio.create_subprocess_exec(
        *(node, _FOLDER / script, json.dumps(given)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        env={**os.environ, **({"NODE_EXTRA_CA_CERTS": str(trusted)} if trusted else {})},
    )
    try:
        yield NodeClient(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
