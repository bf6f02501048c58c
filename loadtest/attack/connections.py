"""Connections that do little, and are many."""

from loadtest.attack.attack import Attack, Scenario, crowd
from loadtest.attack.line import framed
from loadtest.attack.target import Target

_MANY = 5_000
_BODY = 60 * 1024
_POST = b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n" + b"x" * _BODY


def _held(start: bytes, many: int) -> Scenario:
    """So many connections, over each of which this comes and nothing more."""

    async def one(target: Target, _: int) -> None:
        async with target.line() as line:
            if start:
                await line.send(start)
            await line.closed()

    return crowd(many, one)


async def _one_sid(target: Target) -> None:
    async with target.line() as first:
        sid = await target.polling(first)
        poll = f"GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n"

        async def one(_: int) -> None:
            async with target.line() as line:
                await line.send(poll.encode())
                await line.closed()

        await target.crowd(_MANY, one)


async def _half_bodies(target: Target, _: int) -> None:
    """Polled bodies of many connections that do not end."""
    async with target.line() as line:
        sid = await target.polling(line)
        start = f"POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
        await line.send(start.encode() + b"Content-Length: 65000\r\n\r\n" + b"4" * _BODY)
        await line.closed()


async def _opened(target: Target, _: int) -> None:
    async with target.line() as line:
        while await target.polling(line):
            pass


async def _come_and_go(target: Target, _: int) -> None:
    async with target.line() as line:
        await target.websocket(line)


async def _idle_websockets(target: Target, _: int) -> None:
    async with target.line() as line:
        await target.websocket(line)
        await line.closed()


async def _join_and_leave(target: Target, _: int) -> None:
    async with target.session("mallory") as line:
        await line.send(framed("41"))


CONNECTIONS = [
    Attack("silent", "5,000 connections that send nothing", _held(b"", _MANY)),
    Attack(
        "half-requests", "5,000 halves of a request", _held(b"GET / HTTP/1.1\r\nHost: x", _MANY)
    ),
    Attack("one-sid", "5,000 polls of one sid", _one_sid),
    Attack(
        "files", "5,000 connections where 1,024 files may be open", _held(b"", _MANY), files=1_024
    ),
    Attack("half-bodies", "1,000 bodies that stop after 60 KiB", _held(_POST, 1_000)),
    Attack("half-polled", "1,000 polled bodies that stop after 60 KiB", crowd(1_000, _half_bodies)),
    Attack("polls", "long-polling begun, and left, by a stranger", crowd(20, _opened)),
    Attack("websockets", "2,500 WebSockets without CONNECT", crowd(2_500, _idle_websockets)),
    Attack("churn", "WebSockets that come and go, 50 at a time", crowd(50, _come_and_go)),
    Attack(
        "joins",
        "sessions of one user that join and leave, 20 at a time",
        crowd(20, _join_and_leave),
    ),
]
