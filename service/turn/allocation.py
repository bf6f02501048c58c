"""Allocations at a TURN server, as a client makes them (RFC 8656). aioice does the protocol.

`ready` loads aioice, so that a service that probes nothing saves its memory.
"""

import asyncio
import contextlib
import importlib
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.ports import IceServer
from service.settings.values.addresses import TURN_URL
from service.tls import trusting

_GOODBYE_S = 0.5
_RESEND_S = 0.1


@dataclass(frozen=True, slots=True)
class Address:
    """Where a TURN URL leads, and by which transport (`udp` or `tcp`)."""

    host: str
    port: int
    transport: str
    tls: bool


def address(urls: Sequence[str]) -> Address | None:
    """Where the first URL leads (RFC 7065, 3.2). It passes over DTLS, which aioice lacks."""
    for found in map(TURN_URL.fullmatch, urls):
        if found:
            tls = found["scheme"] == "turns"
            transport = found["transport"] or ("tcp" if tls else "udp")
            if transport == "tcp" or not tls:
                port = int(found["port"] or (5349 if tls else 3478))
                return Address(found["host"].strip("[]"), port, transport, tls)
    return None


async def ready() -> None:
    """Load aioice in a thread, since that takes 0.15 s. Later calls cost nothing."""
    await asyncio.to_thread(importlib.import_module, "aioice.turn")


Arrivals = asyncio.Queue[bytes | Exception]
"""Packets that arrived over allocations, and errors of those that could not be sent."""


class Allocation(asyncio.DatagramProtocol):
    """An allocation (RFC 8656, 2). What arrives goes into a queue, which several may share."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._closed = asyncio.Event()
        self._transport: asyncio.DatagramTransport

    @property
    def address(self) -> tuple[str, int]:
        """Its relayed transport address at the server."""
        relayed: tuple[str, int] = self._transport.get_extra_info("sockname")
        return relayed

    def send(self, data: bytes, peer: "Allocation") -> None:
        """Send to another allocation; the server then also lets this one receive from it."""
        self._transport.sendto(data, peer.address)

    async def release(self) -> None:
        """Have the server delete the allocation; waits half a second for that at most."""
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), _GOODBYE_S)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.DatagramProtocol`; aioice's transport is one by its methods only."""
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, _addr: tuple[object, ...]) -> None:
        """See `asyncio.DatagramProtocol`."""
        self._arrivals.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """See `asyncio.DatagramProtocol`."""
        self._arrivals.put_nowait(exc)

    def connection_lost(self, _: Exception | None) -> None:
        """See `asyncio.DatagramProtocol`."""
        self._closed.set()


@asynccontextmanager
async def allocated(
    server: IceServer, at: Address, arrivals: Arrivals, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Allocation]:
    """An allocation for the block.

    Raises:
        OSError: the server cannot be reached.
        aioice.stun.TransactionError: it refuses, or does not answer.
    """
    from aioice.turn import create_turn_endpoint  # noqa: PLC0415  see `ready`

    _, allocation = await create_turn_endpoint(
        lambda: Allocation(arrivals),
        server_addr=(at.host, at.port),
        username=server.username,
        password=server.credential,
        ssl=(tls or trusting()) if at.tls else None,
        transport=at.transport,
    )
    try:
        yield allocation
    finally:
        await allocation.release()


async def exchange(one: Allocation, two: Allocation, arrivals: Arrivals) -> None:
    """Send a packet from each allocation to the other until one has arrived.

    An allocation receives from the other only once its own channel is bound, so the first packet
    may be lost.

    Raises:
        aioice.stun.TransactionError: the server does not let one of them send.
    """
    packet = secrets.token_bytes(16)
    while True:
        one.send(packet, two)
        two.send(packet, one)
        try:
            arrival = await asyncio.wait_for(arrivals.get(), _RESEND_S)
        except TimeoutError:
            continue
        if isinstance(arrival, Exception):
            raise arrival
        if arrival == packet:
            return
