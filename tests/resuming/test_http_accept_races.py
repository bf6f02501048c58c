"""An accept over HTTP against what happens to the call at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from service.session_ref import SessionRef
from service.stores import Stores, open_stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers
from tests.resuming.lock_screen import LockScreen, woken
from tests.resuming.stage import Device, Stage
from tests.stateful.latency import late_stores
from tests.support.service import alone, running
from tests.support.waiting import until

STORES = ("near", "far")
ROUNDS = (25, pytest.param(1_000, marks=[pytest.mark.long, pytest.mark.timeout(600)]))


class LateSessions(MemorySessions):
    """A store that answers the first add after `late` is set only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.late = False
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def add(self, ref: SessionRef, issued: bytes) -> None:
        await super().add(ref, issued)
        if self.late:
            self.late = False
            self.asked.set()
            await self.let.wait()


class Race:
    """Alice calls Bob, who has a laptop and a lock screen."""

    def __init__(self, stage: Stage, alice: Device, laptop: Device, lock_screen: LockScreen):
        self.stage, self.alice, self.laptop, self.lock_screen = stage, alice, laptop, lock_screen

    async def run(self, number: int, rival: Device, event: str) -> tuple[str, tuple[int, Any], Any]:
        """A call that rings, the answer to an accept over HTTP, and that to `event`.

        Now the one and now the other begins, by up to 12 ms: either may come first.
        """
        call_id = await self.stage.call(self.alice, self.laptop)
        ahead_s = (number % 25 - 12) / 1_000

        async def accept() -> tuple[int, Any]:
            await asyncio.sleep(max(0, -ahead_s))
            return await self.lock_screen.post(call_id)

        async def act() -> Any:
            await asyncio.sleep(max(0, ahead_s))
            return await rival.request(event, {"callId": call_id})

        return call_id, *await asyncio.gather(accept(), act())

    async def cleared(self) -> None:
        """Wait until nothing is left of any call, but the two who called."""
        node = self.stage.service.node
        await until(lambda: not len(node.signalling.routes), "no route")
        await self.stage.service.advance(31)
        await until(lambda: len(node.tables["sessions"]) == 2, "no session but those two")
        assert len(node.tables["resume_windows"]) == len(node.signalling.detached) == 0


@asynccontextmanager
async def racing(store: str) -> AsyncIterator[Race]:
    """The three, with a store that answers at once, or late and in any order."""
    stores = late_stores(seed=1) if store == "far" else open_stores()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        service = await stack.enter_async_context(running(alone(stores), rate_limit_scale=1_000))
        stage = Stage(service, stack)
        alice, laptop = await stage.join("alice"), await stage.join("bob")
        yield Race(stage, alice, laptop, LockScreen(service, http))


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("store", STORES)
async def test_of_an_accept_over_http_and_one_over_a_socket_one_wins(rounds: int, store: str):
    async with racing(store) as race:
        for number in range(rounds):
            call_id, (status, body), answer = await race.run(number, race.laptop, "call:accept")
            assert answer["ok"] is (status != 200), (body, answer)
            if answer["ok"]:
                assert (status, body["code"]) == (409, "already_answered")
            else:
                assert answer["error"]["code"] == "already_answered"
                assert (await race.laptop.next("call:ended"))["reason"] == "answered_elsewhere"
            await race.alice.done("call:end", {"callId": call_id})
            assert (await race.alice.next("call:ended"))["reason"] == "completed"
            if answer["ok"]:
                assert (await race.laptop.next("call:ended"))["reason"] == "completed"
            accepts = [told["callId"] for told in race.alice.payloads("call:accepted")]
            assert accepts.count(call_id) == 1
        await race.cleared()


@pytest.mark.parametrize("store", STORES)
async def test_of_an_accept_and_a_cancel_each_side_hears_the_same(store: str):
    async with racing(store) as race:
        for number in range(25):
            call_id, (status, body), answer = await race.run(number, race.alice, "call:end")
            assert answer["ok"]
            outcome = answer["reason"]
            if status == 200:
                assert outcome == "completed"
                phone = await woken(race.stage, body)
                assert phone.joined["calls"] == []
                assert (await phone.next("call:ended"))["reason"] == "completed"
                await phone.leave()
            else:
                assert (status, body["code"], outcome) == (409, "call_ended", "cancelled")
            told = {"completed": "answered_elsewhere", "cancelled": "cancelled"}
            ended = await race.laptop.next("call:ended")
            assert (ended["callId"], ended["reason"]) == (call_id, told[outcome])
        await race.cleared()


async def test_a_session_that_yields_before_its_accept_is_lost_to_the_call(
    http: aiohttp.ClientSession,
):
    users, sessions = MemoryUsers(), LateSessions()
    stores = Stores(users, MemoryCalls(users), MemoryReplies(), sessions)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running(alone(stores)))
        stage = Stage(service, stack)
        alice, laptop, *_rest = [await stage.join(user) for user in ("alice", *["bob"] * 9)]
        call_id = await stage.call(alice, laptop)
        sessions.late = True
        accepting = asyncio.create_task(LockScreen(service, http).refusal(call_id))
        await sessions.asked.wait()
        await stage.join("bob")
        sessions.let.set()
        assert await accepting == (409, "too_many_sessions")
        assert (await alice.next("call:ended"))["reason"] == "connection_lost"
        assert len(service.node.signalling.detached) == 0
