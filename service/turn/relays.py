"""Relays at a TURN server, as a client opens them (RFC 8656). aioice does the protocol.

aioice is loaded by `ready`: a service that probes nothing has no use for its memory.
"""

import asyncio
import contextlib
import importlib
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.ports import IceServer
from service.tls import trusting

_GOODBYE_S = 0.5
_RESEND_S = 0.1
_URL = re.compile(
    r"(?P<scheme>turns?):(?P<host>\[[^]]+\]|[^:?\[\]]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a TURN URL leads, and by which transport (`udp` or `tcp`)."""

    host: str
    port: int
    transport: str
    tls: bool


def address(urls: Sequence[str]) -> Address | None:
    """Where the first URL leads (RFC 7065, 3.2), but for those of DTLS, which aioice has not."""
    for found in map(_URL.fullmatch, urls):
        if found:
            tls = found["scheme"] == "turns"
            transport = found["transport"] or ("tcp" if tls else "udp")
            if transport == "tcp" or not tls:
                port = int(found["port"] or (5349 if tls else 3478))
                return Address(found["host"].strip("[]"), port, transport, tls)
    return None


async def ready() -> None:
    """Load aioice, which is 0.15 s of work, beside the event loop. Later calls are free."""
    await asyncio.to_thread(importlib.import_module, "aioice.turn")


Arrivals = asyncio.Queue[bytes | Exception]
"""What came over relays, and why something could not be sent."""


class Relay(asyncio.DatagramProtocol):
    """One relay that is open. What arrives at it goes into a queue that several may share."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._closed = asyncio.Event()
        self._transport: asyncio.DatagramTransport

    @property
    def address(self) -> tuple[str, int]:
        """Its address at the server."""
        relayed: tuple[str, int] = self._transport.get_extra_info("sockname")
        return relayed

    def send(self, data: bytes, peer: "Relay") -> None:
        """Send to another relay, having the server let this one hear from it, too."""
        self._transport.sendto(data, peer.address)

    async def give_back(self) -> None:
        """Have the server end the allocation; waits half a second for it at most."""
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
async def relay(
    server: IceServer, at: Address, arrivals: Arrivals, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Relay]:
    """An open relay, given back at the end.

    Raises:
        OSError: the server cannot be reached.
        aioice.stun.TransactionError: it refuses, or does not answer.
    """
    from aioice.turn import create_turn_endpoint  # noqa: PLC0415  see `ready`

    _, opened = await create_turn_endpoint(
        lambda: Relay(arrivals),
        server_addr=(at.host, at.port),
        username=server.username,
        password=server.credential,
        ssl=(tls or trusting()) if at.tls else None,
        transport=at.transport,
    )
    try:
        yield opened
    finally:
        await opened.give_back()


async def exchange(one: Relay, two: Relay, arrivals: Arrivals) -> None:
    """Send a packet from each relay to the other until one has arrived.

    Each hears the other only once its own channel stands, so the first packet may be lost, as any
    packet may.

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
