"""HTTP requests, as fast as one connection after another brings them."""

import itertools

from loadtest.attack.attack import Attack, Scenario, crowd
from loadtest.attack.target import Target

_CONNECTIONS = 20


def _asked(
    *requests: bytes, token: bool = False, admin: bool = False, many: int = _CONNECTIONS
) -> Scenario:
    """The requests in turn, each connection from another one on, for as long as it is kept."""

    async def one(target: Target, number: int) -> None:
        first = number % len(requests)
        bearer = f"Authorization: Bearer {target.token('mallory')}\r\n" if token else ""
        async with target.line(port=target.admin_port if admin else 0) as line:
            while True:
                for request in requests[first:] + requests[:first]:
                    await line.send(request + bearer.encode() + b"Host: x\r\n\r\n")
                    await target.answer(line)

    return crowd(many, one)


def _get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\n{headers}".encode()


_WEBSOCKET = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_SOCKET = "/socket.io/?EIO=4&transport="
_FOREIGN = _get(f"{_SOCKET}polling", "Origin: https://evil.example\r\n")
_UNKNOWN = _get(f"{_SOCKET}polling&sid=unknown")
_NO_TRANSPORT = _get(f"{_SOCKET}pigeon")
_UNSIGNED = _get("/v1/ice", "Authorization: Bearer x.y.z\r\n")
_NOWHERE = _get("/nowhere", _WEBSOCKET)
_DIGITS = b"POST /turn HTTP/1.1\r\nContent-Length: " + b"0" * 5_000 + b"\r\n"
_MIXED = _get(f"{_SOCKET}polling", _WEBSOCKET)


async def _new_origins(target: Target, number: int) -> None:
    async with target.line() as line:
        for origin in itertools.count():
            foreign = f"Origin: https://{number}-{origin}.example\r\nHost: x\r\n\r\n"
            await line.send(_get(f"{_SOCKET}polling", foreign))
            await target.answer(line)


async def _new_paths(target: Target, number: int) -> None:
    bearer = f"Authorization: Bearer {target.token('mallory')}\r\nHost: x\r\n\r\n"
    async with target.line() as line:
        for path in itertools.count():
            await line.send(_get(f"/v1/users/{number}-{path}/status", bearer))
            await target.answer(line)


async def _new_addresses(target: Target, number: int) -> None:
    """Forged tokens, each from another address of 127.0.0.0/8."""
    forged = f"Authorization: Bearer {target.forged('mallory')}\r\nHost: x\r\n\r\n"
    for address in itertools.count():
        source = f"127.{1 + number}.{address // 250 % 250}.{1 + address % 250}"
        async with target.line(source=source) as line:
            await line.send(_get("/v1/ice", forged))
            await target.answer(line)


async def _broken_frames(target: Target, _: int) -> None:
    """Connections that break the protocol with their first frame, one after the other."""
    async with target.line() as line:
        await target.websocket(line)
        await line.frame("9")
        await line.closed()


REQUESTS = [
    Attack("look-ups", "GET /v1/users/…/status with one token, on 20 connections",
           _asked(_get("/v1/users/bob/status"), token=True)),
    Attack("ice", "GET /v1/ice with one token, on 20 connections",
           _asked(_get("/v1/ice"), token=True)),
    Attack("paths", "another user's status each time, with one token",
           crowd(_CONNECTIONS, _new_paths)),
    Attack("origins", "another foreign Origin each time", crowd(_CONNECTIONS, _new_origins)),
    Attack("addresses", "forged tokens, each from another address",
           crowd(_CONNECTIONS, _new_addresses)),
    Attack("pages", "GET /openapi.json, on 20 connections", _asked(_get("/openapi.json"))),
    Attack("bad-requests", "what is refused and logged, on 20 connections",
           _asked(_FOREIGN, _UNKNOWN, _NO_TRANSPORT, _UNSIGNED, _NOWHERE)),
    Attack("log-unread", "the same, and nobody reads the log",
           _asked(_FOREIGN, _UNKNOWN, _NO_TRANSPORT, _UNSIGNED, _NOWHERE), log_read=False),
    Attack("bad-frames", "WebSockets whose first frame breaks the protocol",
           crowd(50, _broken_frames)),
    Attack("digits", "Content-Length of 5,000 digits", _asked(_DIGITS)),
    Attack("mixed", "Upgrade: websocket with transport=polling", _asked(_MIXED)),
    Attack("scrapes", "GET /metrics without pause, by two",
           _asked(_get("/metrics"), admin=True, many=2)),
]  # fmt: skip
