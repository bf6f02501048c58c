"""Much at once: what one read brings, and what no limit of events counts."""

import asyncio

from loadtest.attack.attack import Attack, Scenario, crowd
from loadtest.attack.line import PING, framed, packet
from loadtest.attack.target import Target

_SESSIONS = 10
_AT_ONCE = 600
"""Events at once: half of them within the limit of a session, and as many as may be refused."""
_BURST = framed(packet("user:status", userId="somebody")) * _AT_ONCE
_REFUSED = framed('42["call:hack"]') * _AT_ONCE
_PINGS = framed(b"", PING) * 10_000
_NESTED = "[" + ",".join(["[]"] * 20_000) + "]"
_MALFORMED = '42["call:end",' + "[]," * 20_000
_PACKETS = b"\x1e".join([b"3"] * 30_000)
_POST = (
    "POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n"
    "Content-Length: %d\r\n\r\n"
)


def _at_once(frames: bytes) -> Scenario:
    async def one(target: Target, number: int) -> None:
        async with target.session(f"mallory-{number % 2}") as line:
            line.drop()
            await line.send(frames)
            await asyncio.sleep(0.2)

    return crowd(2 * _SESSIONS, one)


async def _pinging(target: Target, _: int) -> None:
    async with target.line() as line:
        await target.websocket(line)
        line.drop()
        while True:
            await line.send(_PINGS)


async def _nested(target: Target, number: int) -> None:
    """Offers of an array of arrays, over and over, by the caller of a call that rings."""
    async with target.call(f"caller-{number}", f"callee-{number}") as (caller, _, call_id):
        caller.drop()
        offer = f'42["call:offer",{{"callId":"{call_id}","offer":{{"a":{_NESTED}}}}}]'
        while True:
            await caller.frame(offer)
            await asyncio.sleep(0.011)


async def _malformed(target: Target, number: int) -> None:
    async with target.session(f"mallory-{number}") as line:
        line.drop()
        while True:
            await line.frame(_MALFORMED)
            await asyncio.sleep(0.011)


async def _packets(target: Target, _: int) -> None:
    async with target.line() as line:
        sid = await target.polling(line)
        while sid:
            await line.send((_POST % (sid, len(_PACKETS))).encode() + _PACKETS)
            if (await target.answer(line))[0] != 200:  # noqa: PLR2004 - as RFC 9110 has it
                return


SHARES = [
    Attack("bursts", "600 events at once, again and again, by two users with ten sessions each",
           _at_once(_BURST)),
    Attack("refused", "the same, of an event that there is not", _at_once(_REFUSED)),
    Attack("pings", "empty WebSocket pings without end, on 10 connections", crowd(10, _pinging)),
    Attack("nested", "offers of 20,000 arrays, in 5 calls", crowd(5, _nested)),
    Attack("malformed", "20,000 arrays that end nowhere, by 5 sessions", crowd(5, _malformed)),
    Attack("packets", "polled bodies of 30,000 packets, on 10 connections", crowd(10, _packets)),
]  # fmt: skip
