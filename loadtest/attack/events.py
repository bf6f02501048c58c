"""Events of users who keep to every limit, and cost what they can."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from loadtest.attack.attack import Attack, Scenario, crowd
from loadtest.attack.line import Line, packet
from loadtest.attack.target import Target

_RATE = 95
"""Events a second, of the hundred that a session may send."""
_SESSIONS = 10
"""Sessions of a user."""
_WATCHED = 500
_BATCH = 32
_BATCHES = 9
"""Batches of candidates that one offer allows."""

Sends = Callable[[Target, Line, str], Awaitable[None]]


async def _paced() -> AsyncIterator[int]:
    """A number whenever the next event is due."""
    begun = time.monotonic()
    for number in itertools.count():
        await asyncio.sleep(max(0.0, begun + number / _RATE - time.monotonic()))
        yield number


def _sessions(users: int, sends: Sends) -> Scenario:
    """Users with as many sessions as they may have, each of which sends."""

    async def one(target: Target, number: int) -> None:
        user = f"mallory-{number % users}"
        async with target.session(user) as line:
            await sends(target, line, user)

    return crowd(users * _SESSIONS, one)


def _repeated(*events: str) -> Sends:
    async def sends(_target: Target, line: Line, _user: str) -> None:
        async for number in _paced():
            await line.frame(events[number % len(events)])

    return sends


async def _request_ids(_target: Target, line: Line, user: str) -> None:
    async for _ in _paced():
        unique = f"{time.monotonic_ns()}-{id(line)}-{user}".ljust(64, "x")[:64]
        await line.event("call:end", callId="c_none", requestId=unique)


async def _refreshes(target: Target, line: Line, user: str) -> None:
    async for _ in _paced():
        await line.event("auth:refresh", token=target.token(user))


async def _forged_refreshes(target: Target, line: Line, user: str) -> None:
    async for _ in _paced():
        await line.event("auth:refresh", token=target.forged(user + "x" * 5_000))


async def _new_users(_target: Target, line: Line, user: str) -> None:
    """Somebody unheard of is watched, and then no more."""
    async for number in _paced():
        unheard = [f"{user}-{id(line)}-{number}-{one}" for one in range(50)]
        await line.event("user:watch", userIds=unheard)
        await line.event("user:unwatch", userIds=unheard)


async def _new_callees(_target: Target, line: Line, user: str) -> None:
    async for number in _paced():
        unheard = f"{user}-{id(line)}-{number}"
        await line.event("call:initiate", to=unheard, callType="audio")


_IDS = [f"somebody-{number:05}" for number in range(_WATCHED)]
_WATCH = packet("user:watch", userIds=_IDS)
_UNWATCH = packet("user:unwatch", userIds=_IDS)
_DEEP = '42["call:signal",' + "[" * 30_000 + "]" * 30_000 + "]"
_WIDE = '42["call:signal",{"callId":"c_none","data":[' + "0," * 30_000 + "0]}]"


def _batches(pairs: int) -> Scenario:
    """Both sides of calls trickle as many candidates as they may, in batches."""

    async def one(target: Target, pair: int) -> None:
        async with target.call(f"caller-{pair}", f"callee-{pair}") as (caller, callee, call_id):
            await callee.event("call:accept", callId=call_id)
            offer = packet("call:offer", callId=call_id, offer={"type": "offer", "sdp": "v=0"})
            candidate = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0"}
            batch = packet("ice:candidate", callId=call_id, candidates=[candidate] * _BATCH)
            await asyncio.sleep(0.1)
            caller.drop()
            callee.drop()
            events = [offer, *[batch] * _BATCHES]
            await asyncio.gather(
                *(_repeated(*events)(target, side, "") for side in (caller, callee))
            )

    return crowd(pairs, one)


def _held(pairs: int) -> Scenario:
    """Calls that ring, for which as much is held as may be; then the next."""

    async def one(target: Target, pair: int) -> None:
        async with target.call(f"caller-{pair}", f"callee-{pair}") as (caller, _, call_id):
            sdp = {"type": "offer", "sdp": "x" * 60_000 + "😀"}
            for _ in range(5):
                await caller.event("call:offer", callId=call_id, offer=sdp)
            await caller.event("call:end", callId=call_id)
            await caller.take(b"call:ended")

    return crowd(pairs, one)


EVENTS = [
    Attack("watch", "500 ids a user:watch, 95 a second, ten sessions of one user",
           _sessions(1, _repeated(_WATCH))),
    Attack("watch-three", "the same, by three users", _sessions(3, _repeated(_WATCH))),
    Attack("watch-unwatch", "watched and unwatched in turn, by one user",
           _sessions(1, _repeated(_WATCH, _UNWATCH))),
    Attack("watch-new", "50 new ids watched and unwatched each time, by one user",
           _sessions(1, _new_users)),
    Attack("callees", "call:initiate to somebody else each time, ten sessions of one user",
           _sessions(1, _new_callees)),
    Attack("candidates", "batches of 32 candidates by both sides of 5 calls", _batches(5)),
    Attack("held", "240 KB held for each of one user's calls until it is cancelled", _held(1)),
    Attack("statuses", "user:status, 95 a second, ten sessions of one user",
           _sessions(1, _repeated(packet("user:status", userId="somebody")))),
    Attack("request-ids", "call:end with a new requestId each, ten sessions of one user",
           _sessions(1, _request_ids)),
    Attack("refreshes", "auth:refresh, 95 a second, ten sessions of one user",
           _sessions(1, _refreshes)),
    Attack("forged-refreshes", "the same with forged tokens", _sessions(1, _forged_refreshes)),
    Attack("deep", "JSON of 30,000 levels, ten sessions of one user",
           _sessions(1, _repeated(_DEEP))),
    Attack("wide", "JSON of 30,000 values, ten sessions of one user",
           _sessions(1, _repeated(_WIDE))),
]  # fmt: skip
