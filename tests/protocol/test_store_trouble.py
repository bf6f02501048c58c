"""What a store that is late or fails once must not leave behind."""

import asyncio
from typing import Any

from service.ports import Engagements
from service.session_ref import SessionRef
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers
from tests.security.surroundings import sizes
from tests.support.service import TestService, alone, running, token
from tests.support.waiting import until


class LateOpening(MemoryCalls):
    """Opens a call when it is let."""

    def __init__(self, users: MemoryUsers) -> None:
        super().__init__(users)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def open(self, *arguments: Any) -> Any:
        """As the port says, once it is let."""
        self.asked.set()
        await self.let.wait()
        return await super().open(*arguments)


class Forgetful(MemoryUsers):
    """Adds a session once it has failed to."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False

    async def add(self, ref: SessionRef, most: int) -> Engagements | None:
        """As the port says, after a failure."""
        if not self.failed:
            self.failed = True
            raise OSError("the store is gone")
        return await super().add(ref, most)


async def test_a_callee_who_leaves_while_the_call_opens_is_unavailable():
    users = MemoryUsers()
    calls = LateOpening(users)
    async with running(alone(Stores(users, calls, MemoryReplies(), MemorySessions()))) as service:
        alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
        before = sizes(service)
        asked = await alice.ask("call:initiate", {"to": "bob", "callType": "audio"})
        await calls.asked.wait()
        await bob.close()
        await until(lambda: len(service.node.tables["users_online"]) == 2, "bob to leave")
        calls.let.set()
        assert (await alice.answer(asked))["error"]["code"] == "user_unavailable"
        assert "call:initiated" not in alice.events()
        assert calls.live() == ()
        assert sizes(service)["routes"] == before["routes"]
        await service.call(alice, carol)  # nobody is engaged any more


async def nobody(service: TestService) -> None:
    """Wait until no session is left in any table."""
    held = ("sessions", "users_online", "session_deadlines", "watches", "routes")
    await until(lambda: not any(len(service.node.tables[name]) for name in held), "nobody")


async def test_a_join_that_fails_leaves_nobody_behind():
    users = Forgetful()
    stores = Stores(users, MemoryCalls(users), MemoryReplies(), MemorySessions())
    async with running(alone(stores)) as service:
        alice = await service.connect(token("alice"))
        assert (await alice.refusal("user:join", {"userId": "alice"}))["code"] == "internal"
        await nobody(service)
        assert (await alice.done("user:join", {"userId": "alice"}))["userId"] == "alice"
        assert len(service.node.tables["sessions"]) == 1
