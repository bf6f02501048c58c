"""Bytes that wait: for a CONNECT, for a join, for the rest of a frame."""

from loadtest.attack.attack import Attack, Scenario, crowd
from loadtest.attack.line import CONTINUATION, TEXT, framed, packet
from loadtest.attack.target import Target

_LARGE = 64_000
_FRAMES = 64
# One letter beyond the Basic Multilingual Plane: Python keeps such a text at four bytes a letter.
_EVENT = packet("call:offer", offer={"sdp": "x" * (_LARGE - 100) + "😀"}, to="bob")


def _over_websocket(many: int, *, forged: bool) -> Scenario:
    """A CONNECT and as many large events as are let wait behind it, or behind the join."""

    async def one(target: Target, _: int) -> None:
        token = target.forged("mallory") if forged else target.token("mallory")
        async with target.line() as line:
            await target.websocket(line)
            line.drop()
            await line.send(framed(f'40{{"token":"{token}"}}') + framed(_EVENT))
            for _ in range(_FRAMES - 1):
                await line.frame(_EVENT)
            await line.closed()

    return crowd(many, one)


def _over_polling(many: int, *, forged: bool) -> Scenario:
    async def one(target: Target, _: int) -> None:
        token = target.forged("mallory") if forged else target.token("mallory")
        async with target.line() as line:
            sid = await target.polling(line)
            connect = f'40{{"token":"{token}"}}'
            await target.post(line, sid, *([connect, _EVENT] if forged else [connect]))
            for _ in range(_FRAMES):
                await target.post(line, sid, _EVENT)
            await line.closed()

    return crowd(many, one)


def _unfinished(first: bytes) -> Scenario:
    """A thousand WebSockets, over each of which comes a part of a message and nothing more."""

    async def one(target: Target, _: int) -> None:
        async with target.line() as line:
            await target.websocket(line)
            await line.send(first)
            await line.closed()

    return crowd(1_000, one)


_FRAGMENTS = framed(b"4" * 1_000, TEXT, last=False) + 60 * framed(
    b"x" * 1_000, CONTINUATION, last=False
)
_HALF_FRAME = framed(b"4" * _LARGE)[:-1]


async def _long_token(target: Target, _: int) -> None:
    token = target.forged("mallory" + "x" * 40_000)
    async with target.line() as line:
        await target.websocket(line)
        await line.frame(f'40{{"token":"{token}"}}')
        await line.closed()


WAITING = [
    Attack("behind-connect", "64 events of 64 KB behind a forged CONNECT, on 100 connections",
           _over_websocket(100, forged=True)),
    Attack("behind-connect-polling", "the same, by long-polling", _over_polling(100, forged=True)),
    Attack("before-join", "64 events of 64 KB and no join, on 300 connections of one user",
           _over_websocket(300, forged=False)),
    Attack("before-join-polling", "the same, by long-polling", _over_polling(300, forged=False)),
    Attack("tokens", "forged tokens of 54 KB, on 500 connections", crowd(500, _long_token)),
    Attack("fragments", "fragments of 60 KB that do not end, on 1,000 connections",
           _unfinished(_FRAGMENTS)),
    Attack("half-frames", "a frame that stops after 64 KB, on 1,000 connections",
           _unfinished(_HALF_FRAME)),
]  # fmt: skip
