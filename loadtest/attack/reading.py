"""Who asks for much and reads nothing."""

import asyncio

from loadtest.attack.attack import Attack, crowd
from loadtest.attack.line import PING, framed, packet
from loadtest.attack.target import Target

_GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
_PINGS = framed(b"x" * 125, PING) * 500
_WATCH = packet("user:watch", userIds=[f"{number:0100}" for number in range(500)])
_SLOW_S = 0.011
"""Between two events of a session: fewer than a hundred a second."""


async def _responses(target: Target, _: int) -> None:
    async with target.line(reads=False, narrow=True) as line:
        while True:
            await line.send(_GET * 10)


async def _pongs(target: Target, _: int) -> None:
    async with target.line(reads=False, narrow=True) as line:
        await target.websocket(line)
        while True:
            await line.send(_PINGS)


async def _answers(target: Target, _: int) -> None:
    async with target.session("mallory", narrow=True, reads=False) as line:
        while True:
            await line.frame(_WATCH)
            await asyncio.sleep(_SLOW_S)


async def _polled_answers(target: Target, _: int) -> None:
    """The same by long-polling: what is answered waits to be fetched."""
    async with target.line() as line:
        sid = await target.polling(line)
        join = packet("user:join", userId="mallory")
        await target.post(line, sid, f'40{{"token":"{target.token("mallory")}"}}', join)
        while True:
            await target.post(line, sid, _WATCH)
            await asyncio.sleep(_SLOW_S)


async def _unjoined(target: Target, _: int) -> None:
    """Events of one user's connections that have not joined, each of which is refused."""
    async with target.line(reads=False, narrow=True) as line:
        await target.websocket(line)
        await line.frame(f'40{{"token":"{target.token("mallory")}"}}')
        while True:
            await line.event("call:hack", requestId="x" * 64)
            await asyncio.sleep(_SLOW_S)


READING = [
    Attack(
        "unread-pages",
        "requests on 1,000 connections that read no answer",
        crowd(1_000, _responses),
    ),
    Attack(
        "unread-pongs", "WebSocket pings on 200 connections that read no pong", crowd(200, _pongs)
    ),
    Attack(
        "unread-statuses",
        "500 ids a user:watch, ten sessions that do not read",
        crowd(10, _answers),
    ),
    Attack(
        "unread-polls",
        "the same by long-polling, sessions that fetch nothing",
        crowd(10, _polled_answers),
    ),
    Attack(
        "unread-refusals", "300 connections of one user that read no refusal", crowd(300, _unjoined)
    ),
]
