"""Allocations at the deployed coturn, and the peers that they would talk to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aioice.stun import TransactionFailed

from service.ports import IceServer
from service.turn.allocation import Allocation, Arrivals, address, allocated, exchange
from tests.support.waiting import PATIENCE_S

PUBLIC = "11.22.33.44"
"""An address of the public Internet, which the tests' own network has."""


@dataclass(frozen=True)
class Caller:
    """An allocation and what came over it."""

    allocation: Allocation
    arrivals: Arrivals = field(repr=False)

    async def reaches(self, other: "Caller") -> None:
        """Have a packet go over both allocations; raises TransactionFailed where one is refused."""
        async with asyncio.timeout(PATIENCE_S):
            await exchange(self.allocation, other.allocation, self.arrivals)


@asynccontextmanager
async def caller(ice: IceServer) -> AsyncIterator[Caller]:
    """An allocation under a credential; raises TransactionFailed where it is refused."""
    at = address(ice.urls)
    assert at is not None
    arrivals: Arrivals = asyncio.Queue()
    async with asyncio.timeout(PATIENCE_S):
        opening = allocated(ice, at, arrivals)
        opened = await opening.__aenter__()
    try:
        yield Caller(opened, arrivals)
    finally:
        await opening.__aexit__(None, None, None)


async def refusal(ice: IceServer) -> int | None:
    """The code with which an allocation is refused (RFC 8656, 19), None when it is made."""
    try:
        async with caller(ice):
            return None
    except TransactionFailed as refused:
        return refused.response.error_code


async def refused_peer(one: Caller, host: str, port: int = 9) -> int | None:
    """The code with which an allocation is refused a peer, None when its packet may leave."""
    one.allocation.send(b"hello", _At((host, port)))  # type: ignore[arg-type]  # only its address counts
    try:
        arrival = await asyncio.wait_for(one.arrivals.get(), 0.5)
    except TimeoutError:
        return None
    assert isinstance(arrival, TransactionFailed), arrival
    return arrival.response.error_code


@dataclass(frozen=True)
class _At:
    address: tuple[str, int]


class Listener(asyncio.DatagramProtocol):
    """Somebody with a UDP port, who keeps what arrives and from where."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[bytes, Any]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.put_nowait((data, addr))


@asynccontextmanager
async def listener(host: str) -> AsyncIterator[tuple[Listener, int]]:
    """A UDP port that is listened on."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Listener, local_addr=(host, 0))
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
