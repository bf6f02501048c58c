"""A real coturn on loopback, and a client that asks it for relays.

    with coturn("secret") as server:
        relay = await allocate(server, username, password)

Call `coturn` from the main thread: the kernel ends it when the thread that started it ends.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint

from service.cli.dev.coturn import configuration, installed, running
from service.cli.dev.ports import reserved
from tests.support.waiting import PATIENCE_S

ADDRESS = "127.0.0.1"

_ALLOCATION_MISMATCH = 437  # RFC 8656, 19
SHARED_SECRET = "the-secret-that-service-and-coturn-share"


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A coturn that runs: where it listens, its process, and where it writes `coturn.log`."""

    port: int
    pid: int
    folder: Path
    address: str = ADDRESS

    @property
    def url(self) -> str:
        """Its TURN URL for UDP."""
        return f"turn:{self.address}:{self.port}?transport=udp"

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "coturn.log").read_text(errors="replace")


@contextmanager
def coturn(*secrets: str, extra: Sequence[str] = ()) -> Iterator[TurnServer]:
    """Run a coturn that takes credentials under any of the secrets, on a free port.

    `extra` are more lines of turnserver.conf. Skips the test where coturn is not installed.
    """
    if not installed():
        pytest.skip("coturn is not installed; run: apt-get install coturn")
    with reserved(ADDRESS, 0) as port, TemporaryDirectory(prefix="coturn-") as scratch:
        folder = Path(scratch)
        lines = [*configuration(ADDRESS, port, secrets, folder), *extra]
        with running(lines, ADDRESS, port, folder) as process:
            yield TurnServer(port, process.pid, folder)


async def allocate(
    server: TurnServer, username: str | None, password: str | None, transport: str = "udp"
) -> tuple[str, int]:
    """Open a relay and close it again; gives its address. Raises aioice's TransactionFailed."""
    async with asyncio.timeout(PATIENCE_S):
        relay, closed = await create_turn_endpoint(
            _Relay,
            server_addr=(server.address, server.port),
            username=username,
            password=password,
            transport=transport,
        )
        relayed: tuple[str, int] = relay.get_extra_info("sockname")
        relay.close()
        await closed.wait()
        return relayed


async def refusal(server: TurnServer, username: str | None, password: str | None) -> int | None:
    """The error code (RFC 8656, 19) with which a relay is refused; None when it is granted.

    One that was asked for from the port of an earlier one is asked for once more from another.
    """
    while True:
        try:
            await allocate(server, username, password)
        except TransactionFailed as refused:
            code = refused.response.error_code
            assert code is not None
            if code != _ALLOCATION_MISMATCH:
                return code
        else:
            return None


class _Relay(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._closed = asyncio.Event()

    def connection_lost(self, _: Exception | None) -> None:
        self._closed.set()

    async def wait(self) -> None:
        await self._closed.wait()
