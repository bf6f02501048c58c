"""Accepts over HTTP for sessions that move to another node meanwhile, or of which several wait."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest

from service.session_ref import SessionRef
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers
from tests.resuming.lock_screen import LockScreen
from tests.resuming.test_other_node import Stages, exchange
from tests.signalling.two_nodes import two_nodes
from tests.support.waiting import until


class LateSessions(MemorySessions):
    """A store that tells an accept only when it is let where its session was at home."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def take(
        self, session_id: str, user: str, presented: bytes, issued: bytes, node: str | None
    ) -> SessionRef | None:
        before = await super().take(session_id, user, presented, issued, node)
        if node is None:
            self.asked.set()
            await self.let.wait()
        return before


@pytest.mark.parametrize("node", ["one", "two"])
async def test_a_session_accepts_that_has_just_moved(http: aiohttp.ClientSession, node: str):
    users, sessions = MemoryUsers(), LateSessions()
    stores = Stores(users, MemoryCalls(users), MemoryReplies(), sessions)
    async with two_nodes(stores) as nodes, AsyncExitStack() as stack:
        stages = Stages(nodes.network, nodes.one, nodes.two, stack)
        alice, phone = await stages.one.join("alice"), await stages.one.join("bob")
        call_id = await stages.call(alice, phone, "call")
        named = {"sessionId": phone.session, "resumeToken": phone.resume_token}
        lock_screen = LockScreen(getattr(nodes, node), http)
        accepting = asyncio.create_task(lock_screen.accept(call_id, **named))
        await sessions.asked.wait()
        assert await stages.go(phone, stages.two) == "replayed"
        sessions.let.set()
        assert (await accepting)["sessionId"] == phone.session
        await phone.next("call:accepted")
        await exchange(alice, phone, call_id)


async def test_who_asks_no_more_leaves_the_answer_to_the_other():
    async with two_nodes() as nodes, AsyncExitStack() as stack:
        stages = Stages(nodes.network, nodes.one, nodes.two, stack)
        alice, phone = await stages.one.join("alice"), await stages.one.join("bob")
        call_id = await stages.call(alice, phone, "call")
        session, way = stages.one.session(phone), nodes.way("two", "one")
        assert session is not None
        accepts = nodes.two.node.signalling.accepting._accepts
        way.cut()
        first, second = [
            asyncio.create_task(accepts.accept_at_home(session.ref, call_id)) for _ in range(2)
        ]
        await until(lambda: not way.idle, "the home to be asked")
        first.cancel()
        await asyncio.wait([first])
        way.mend()
        point = await second
        assert point is not None
        assert point.session_id == phone.session
        await phone.next("call:accepted")
        assert not accepts._asked
