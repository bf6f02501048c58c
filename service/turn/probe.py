"""Whether a TURN server relays, seen as a client sees it.

A probe mints a credential, opens two relays with it and has a packet go from one to the other.
That takes the secret which both sides share, the server's quotas and its rules on peers, and the
ports between: all that a call's media need.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from service.errors import TurnUnavailable
from service.ids import PROBE_USER
from service.ports import IceServer, IceSource
from service.turn.relays import Arrivals, address, exchange, ready, relay

PATIENCE_S = 5.0

Stage = Literal["resolve", "allocate", "relay"]


@dataclass(frozen=True, slots=True)
class Probed:
    """How a probe went, and how many seconds it took to succeed or to fail.

    `stage` is where it failed: finding the server's address (`resolve`), opening two relays
    (`allocate`) or sending a packet between them (`relay`). `reason` is the server's error code
    (RFC 8656, 19), such as `401`, or `timeout`, `unreachable`, `unknown_host`, `certificate`,
    `malformed` or `unsupported`. Both are None when it succeeded.

    `relay` with `403` is a server that opens relays, but does not take its own address as a peer.
    That is a failure, too: two users who both need this server cannot reach each other.
    """

    seconds: float
    stage: Stage | None = None
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether a packet arrived over two relays."""
        return self.stage is None


async def probe(
    ice: IceSource, now: int, *, region: str | None = None, timeout_s: float = PATIENCE_S
) -> Probed:
    """Probe the TURN server that clients are given, with a credential minted for it.

    Args:
        ice: what mints the credential.
        now: epoch milliseconds, from which on the credential is good.
        region: whose server; None is that of clients which name no region.
        timeout_s: as in `probe_server`.

    Raises:
        TurnUnavailable: there is no TURN server.
        InvalidPayload: the region is unknown.
    """
    server = turn_server(ice.servers(PROBE_USER, now, region).servers)
    if server is None:
        raise TurnUnavailable
    return await probe_server(server, timeout_s=timeout_s)


def turn_server(servers: Iterable[IceServer]) -> IceServer | None:
    """The first one that relays; those without a credential are STUN servers."""
    return next((server for server in servers if server.credential is not None), None)


async def probe_server(
    server: IceServer, *, timeout_s: float = PATIENCE_S, tls: ssl.SSLContext | None = None
) -> Probed:
    """Open two relays at the server's first URL and send a packet from one to the other.

    Args:
        server: a TURN server with a credential. URLs of DTLS are passed over.
        timeout_s: how long it may take to succeed. Giving the relays back, which happens in any
            case, may take a second more.
        tls: what a `turns:` server is checked against; None is this machine's authorities.
    """
    await ready()
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        arrived = await _attempt(server, began + timeout_s, tls)
    except _Failed as failed:
        return Probed(failed.at - began, failed.stage, failed.reason)
    return Probed(arrived - began)


class _Failed(Exception):
    def __init__(self, stage: Stage, reason: str) -> None:
        super().__init__(stage, reason)
        self.stage = stage
        self.reason = reason
        self.at = asyncio.get_running_loop().time()


async def _attempt(server: IceServer, deadline: float, tls: ssl.SSLContext | None) -> float:
    """The loop's time at which the packet had arrived; raises `_Failed`."""
    loop = asyncio.get_running_loop()
    at = address(server.urls)
    if at is None:
        raise _Failed("resolve", "unsupported")
    async with _stage("resolve", deadline):
        await loop.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
    arrivals = Arrivals()
    async with AsyncExitStack() as open_relays:
        async with _stage("allocate", deadline):
            one = await open_relays.enter_async_context(relay(server, at, arrivals, tls))
            two = await open_relays.enter_async_context(relay(server, at, arrivals, tls))
        async with _stage("relay", deadline):
            await exchange(one, two, arrivals)
        return loop.time()


@asynccontextmanager
async def _stage(stage: Stage, deadline: float) -> AsyncIterator[None]:
    from aioice.stun import TransactionError  # noqa: PLC0415  see `ready`

    try:
        async with asyncio.timeout_at(deadline):
            yield
    except (OSError, TransactionError) as failure:
        raise _Failed(stage, _reason(failure)) from None


def _reason(failure: Exception) -> str:
    from aioice.stun import TransactionFailed, TransactionTimeout  # noqa: PLC0415  see `ready`

    match failure:
        case TransactionFailed():
            return str(failure.response.error_code or "malformed")
        case TimeoutError() | TransactionTimeout():
            return "timeout"
        case socket.gaierror():
            return "unknown_host"
        case ssl.SSLCertVerificationError():
            return "certificate"
        case _:
            return "unreachable"
