"""Whether a TURN server relays, tried as a client would.

A probe mints a credential, makes two allocations with it and sends a packet from one to the other.
That works only if the shared secret, the server's quotas, its rules about peers and the ports
between are right: all that a call's media need.
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
from service.turn.allocation import Arrivals, address, allocated, exchange, ready

PATIENCE_S = 5.0

Stage = Literal["resolve", "allocate", "relay"]


@dataclass(frozen=True, slots=True)
class Probed:
    """How a probe went, and how many seconds it took to succeed or to fail.

    `stage` is where it failed: finding the server's address (`resolve`), making two allocations
    (`allocate`) or sending a packet between them (`relay`). `reason` is the server's error code
    (RFC 8656, 19), such as `401`, or `timeout`, `unreachable`, `unknown_host`, `certificate`,
    `malformed` or `unsupported`. Both are None when it succeeded.

    `relay` with `403` is a server that allocates, but does not accept its own address as a peer.
    That is a failure, too: two users who both need this server cannot reach each other.
    """

    seconds: float
    stage: Stage | None = None
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether a packet arrived over two allocations."""
        return self.stage is None


async def probe(ice: IceSource, now: int, *, timeout_s: float = PATIENCE_S) -> Probed:
    """Probe the TURN server that clients are given, with a credential minted for it.

    Args:
        ice: mints the credential.
        now: epoch milliseconds, from when on the credential is valid.
        timeout_s: as in `probe_server`.

    Raises:
        TurnUnavailable: there is no TURN server.
    """
    server = turn_server(ice.servers(PROBE_USER, now).servers)
    if server is None:
        raise TurnUnavailable
    return await probe_server(server, timeout_s=timeout_s)


def turn_server(servers: Iterable[IceServer]) -> IceServer | None:
    """The first TURN server; those without a credential are STUN servers."""
    return next((server for server in servers if server.credential is not None), None)


async def probe_server(
    server: IceServer, *, timeout_s: float = PATIENCE_S, tls: ssl.SSLContext | None = None
) -> Probed:
    """Make two allocations at the server's first URL and send a packet from one to the other.

    Args:
        server: a TURN server with a credential. URLs of DTLS are passed over.
        timeout_s: how long it may take to succeed. Releasing the allocations afterwards may take a
            second more.
        tls: checks the certificate of a `turns:` server; None trusts this machine's authorities.
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
    """The loop's time when the packet had arrived; raises `_Failed`."""
    loop = asyncio.get_running_loop()
    at = address(server.urls)
    if at is None:
        raise _Failed("resolve", "unsupported")
    async with _stage("resolve", deadline):
        await loop.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
    arrivals = Arrivals()
    async with AsyncExitStack() as allocations:
        async with _stage("allocate", deadline):
            one = await allocations.enter_async_context(allocated(server, at, arrivals, tls))
            two = await allocations.enter_async_context(allocated(server, at, arrivals, tls))
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
