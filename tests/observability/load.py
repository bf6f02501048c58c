"""A small load with calls of every outcome, against the running service."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

from service.calls.reasons import Reason
from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.client import Client
from tests.support.service import TestService, token
from tests.support.waiting import until

_LIFETIME_S = 80_000  # the service's clock runs ahead of the tokens'
_RESUMABLE: dict[str, Any] = {"features": ["resume"], "epoch": None}
_SEEN_S = 2  # between two scrapes is less
_ids = itertools.count(1)


class Callers:
    """Opens sessions of users that nobody was before, and calls between them."""

    def __init__(self, service: TestService) -> None:
        self._service = service
        self._open: list[Client] = []

    async def join(self, user: str | None = None, **fields: Any) -> Client:
        """A joined session; `fields` stand in its `user:join`."""
        user = user or f"user-{next(_ids)}"
        bearer = token(user, lifetime=_LIFETIME_S)
        client = await Client.join(self._service.port, bearer, user, **fields)
        self._service.clients.append(client)
        self._open.append(client)
        return client

    async def pair(self) -> tuple[Client, Client]:
        """Two who want to talk."""
        return await self.join(), await self.join()

    async def accepted(
        self, kind: str = "video", ring_s: float = 2.4
    ) -> tuple[Client, Client, str]:
        """A call that was accepted after it rang for a while."""
        caller, callee = await self.pair()
        call_id = await self._service.call(caller, callee, kind)
        self._service.clock.advance(ring_s)
        await callee.done("call:accept", {"callId": call_id})
        return caller, callee, call_id

    async def connected(
        self, kind: str = "video", setup_s: float = 0.6
    ) -> tuple[Client, Client, str]:
        """A call whose offer was answered."""
        caller, callee, call_id = await self.accepted(kind)
        await caller.emit("call:offer", {"offer": OFFER, "to": callee.user, "callId": call_id})
        for number in range(3):
            candidates = {"candidate": candidate(number), "callId": call_id}
            await caller.emit("ice:candidate", candidates)
        self._service.clock.advance(setup_s)
        await callee.emit("call:answer", {"answer": ANSWER, "to": caller.user, "callId": call_id})
        await caller.next("call:answer")
        return caller, callee, call_id

    async def leave(self) -> None:
        """Everybody goes."""
        for client in self._open:
            await client.close()
            if client in self._service.clients:
                self._service.clients.remove(client)
        self._open.clear()


def _stats(path: str, rtt_ms: float, loss: float) -> dict[str, Any]:
    return {"path": path, "rttMs": rtt_ms, "jitterMs": rtt_ms / 12, "lossRatio": loss}


async def _talked(service: TestService, path: str, rtt_ms: float, loss: float) -> None:
    callers = Callers(service)
    kind = "audio" if path == "relay" else "video"
    caller, callee, call_id = await callers.connected(kind, setup_s=0.3 + rtt_ms / 200)
    service.clock.advance(0.2 + rtt_ms / 400)
    for client in (caller, callee):
        report = {"callId": call_id, "state": "connected", "stats": _stats(path, rtt_ms, loss)}
        await client.done("call:media", report)
    await caller.done("call:signal", {"callId": call_id, "data": {"muted": True}})
    await asyncio.sleep(0.1)
    service.clock.advance(5 + rtt_ms / 4)
    await caller.done("call:end", {"callId": call_id})
    await callers.leave()


async def direct(service: TestService) -> None:
    """Media went straight."""
    await _talked(service, "direct", 25 + time.time() % 40, 0.001)


async def relayed(service: TestService) -> None:
    """Media went over a relay."""
    await _talked(service, "relay", 80 + time.time() % 90, 0.012)


async def unreported(service: TestService) -> None:
    """Nobody tells of the media."""
    callers = Callers(service)
    caller, _, call_id = await callers.connected()
    service.clock.advance(30)
    await caller.done("call:end", {"callId": call_id})
    await callers.leave()


async def _media_failed(service: TestService, *, after: bool, turn_error: int | None) -> None:
    callers = Callers(service)
    caller, _, call_id = await callers.connected()
    if after:
        await caller.done("call:media", {"callId": call_id, "state": "connected"})
    service.clock.advance(8)
    refused = {"stats": {"turnError": turn_error}} if turn_error else {}
    await caller.done("call:media", {"callId": call_id, "state": "failed", **refused})
    await caller.done("call:end", {"callId": call_id, "reason": "media_failed"})
    await callers.leave()


async def no_path(service: TestService) -> None:
    """ICE found no path."""
    await _media_failed(service, after=False, turn_error=None)


async def turn_refused(service: TestService) -> None:
    """The TURN server took the credentials for bad ones."""
    await _media_failed(service, after=False, turn_error=401)


async def broke(service: TestService) -> None:
    """Media flowed, and broke."""
    await _media_failed(service, after=True, turn_error=None)


async def rejected(service: TestService, reason: str = "rejected") -> None:
    """The callee declines."""
    callers = Callers(service)
    caller, callee = await callers.pair()
    call_id = await service.call(caller, callee, "audio")
    service.clock.advance(3.5)
    await callee.done("call:reject", {"callId": call_id, "reason": reason})
    await callers.leave()


async def busy(service: TestService) -> None:
    """The callee is busy; who else calls meanwhile is told at once."""
    callers = Callers(service)
    caller, callee = await callers.pair()
    call_id = await service.call(caller, callee)
    third = await callers.join()
    await third.refusal("call:initiate", {"to": callee.user, "callType": "video"})
    await callee.done("call:reject", {"callId": call_id, "reason": "busy"})
    await callers.leave()


async def no_answer(service: TestService) -> None:
    """It rings until it has rung long enough."""
    callers = Callers(service)
    caller, callee = await callers.pair()
    await service.call(caller, callee)
    await service.advance(46)
    await caller.next("call:ended")
    await callers.leave()


async def cancelled(service: TestService) -> None:
    """The caller thinks better of it."""
    callers = Callers(service)
    caller, callee = await callers.pair()
    call_id = await service.call(caller, callee)
    service.clock.advance(6)
    await caller.done("call:end", {"callId": call_id})
    await callers.leave()


async def connection_lost(service: TestService) -> None:
    """A cable is cut in the middle of a call."""
    callers = Callers(service)
    caller, callee, _ = await callers.connected()
    caller.socket.transport.abort()
    await callee.next("call:ended")
    await callers.leave()


async def connect_timeout(service: TestService) -> None:
    """Accepted, and no answer follows."""
    callers = Callers(service)
    caller, _, _ = await callers.accepted()
    await service.advance(31)
    await caller.next("call:ended")
    await callers.leave()


async def terminated(service: TestService) -> None:
    """The operator ends it."""
    callers = Callers(service)
    _, callee, call_id = await callers.connected()
    await service.node.signalling.call_control.terminate(call_id, Reason.ADMIN_TERMINATED)
    await callee.next("call:ended")
    await callers.leave()


async def lost_race(service: TestService) -> None:
    """Two devices accept; one wins."""
    callers = Callers(service)
    caller, phone = await callers.pair()
    tablet = await callers.join(phone.user)
    call_id = await service.call(caller, phone)
    await phone.done("call:accept", {"callId": call_id})
    await tablet.refusal("call:accept", {"callId": call_id})
    await caller.done("call:end", {"callId": call_id})
    await callers.leave()


async def _cut(service: TestService, client: Client) -> None:
    """A session loses its connection."""
    client.socket.transport.abort()
    session = service.node.signalling.directory.get(client.session)
    assert session is not None
    await until(lambda: session.detached)


async def _back(callers: Callers, client: Client, last_seq: int | None, result: str) -> Client:
    """A session is taken up again, with that result; its client from then on."""
    told = dict(client.log)["user:joined"]
    named = {name: told[name] for name in ("sessionId", "resumeToken", "epoch")}
    again = await callers.join(client.user, **{**_RESUMABLE, **named, "lastSeq": last_seq})
    assert dict(again.log)["user:joined"]["resumed"] == result
    return again


async def resumed(service: TestService) -> None:
    """A session is lost and taken up again: with all that it missed, by a reload, and too late."""
    callers = Callers(service)
    client = await callers.join(**_RESUMABLE)
    for last_seq, result in ((0, "replayed"), (None, "snapshot"), (0, "none")):
        await _cut(service, client)
        if result == "none":
            await service.advance(31)
        client = await _back(callers, client, last_seq, result)
    await callers.leave()


async def kept_by_media(service: TestService) -> None:
    """A session comes back after its window, to a call that the other side's media have kept."""
    callers = Callers(service)
    caller, callee = await callers.join(**_RESUMABLE), await callers.join(**_RESUMABLE)
    call_id = await service.call(caller, callee)
    await callee.done("call:accept", {"callId": call_id})
    numbered = {"epoch": dict(callee.log)["user:joined"]["epoch"], "n": 1}
    await callee.done("call:answer", {"answer": ANSWER, "callId": call_id, **numbered})
    await _cut(service, callee)
    await caller.done("call:media", {"callId": call_id, "state": "connected"})
    await service.advance(40)
    await asyncio.sleep(_SEEN_S)
    await _back(callers, callee, 0, "replayed")
    await caller.done("call:end", {"callId": call_id})
    await callers.leave()


async def refused_tokens(service: TestService) -> None:
    """Expired, forged, and a renewal that is good and one that is not."""
    for bearer in (token("sleeper", lifetime=-600), "not.a.token"):
        refused = await service.connect(bearer)
        assert refused.refused
        await refused.close()
    callers = Callers(service)
    client = await callers.join()
    await client.done("auth:refresh", {"token": token(client.user, lifetime=_LIFETIME_S)})
    await client.refusal("auth:refresh", {"token": token("somebody-else")})
    await callers.leave()


async def too_often(service: TestService) -> None:
    """Somebody calls somebody who is not there, again and again; and says what nobody should."""
    callers = Callers(service)
    client = await callers.join()
    for _ in range(8):
        await client.refusal("call:initiate", {"to": "nobody", "callType": "audio"})
    await client.refusal("call:initiate", {"to": 7})
    await client.refusal("call:nonsense", {})
    await callers.leave()


Episode = Callable[[TestService], Awaitable[None]]
USUAL: tuple[Episode, ...] = (direct, relayed, direct, relayed, direct, cancelled, rejected, direct)
RARE: tuple[Episode, ...] = (
    unreported,
    no_answer,
    no_path,
    busy,
    lost_race,
    refused_tokens,
    connection_lost,
    resumed,
    kept_by_media,
    turn_refused,
    too_often,
    connect_timeout,
    broke,
    terminated,
)


async def load(
    service: TestService,
    seconds: float,
    enough: Callable[[float], Awaitable[bool]],
    pause_s: float = 0.0,
    usual_each: int = 3,
) -> float:
    """Calls one after the other for so long, and on until it is `enough` at a moment.

    Every outcome comes at least once.

    Between two rare ones come `usual_each` usual ones, with pauses.

    Gives the moment (epoch seconds) at which it was in full swing for the last time.
    """
    end = time.monotonic() + seconds
    standing = Callers(service)
    for _ in range(3):
        await standing.connected()
    often = itertools.cycle(USUAL)
    for rare in itertools.cycle(RARE):
        await rare(service)
        for usual in itertools.islice(often, usual_each):
            await usual(service)
            await asyncio.sleep(pause_s)
        swing = time.time()
        if time.monotonic() > end and rare is RARE[-1] and await enough(swing):
            break
    await standing.leave()
    return swing
