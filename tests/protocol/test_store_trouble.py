"""What a store that is late or fails once must not leave behind."""

import asyncio
from typing import Any

import pytest

from service.stores.memory import MemoryCalls
from tests.security.surroundings import sizes
from tests.support.service import TestService, running, token
from tests.support.waiting import until


class LateOpening(MemoryCalls):
    """Opens a call when it is let."""

    asked = asyncio.Event()
    let = asyncio.Event()

    async def open(self, *arguments: Any) -> bool:
        """As the port says, once it is let."""
        self.asked.set()
        await self.let.wait()
        return await super().open(*arguments)


async def test_a_callee_who_leaves_while_the_call_opens_is_unavailable(monkeypatch):
    monkeypatch.setattr(LateOpening, "asked", asyncio.Event())
    monkeypatch.setattr(LateOpening, "let", asyncio.Event())
    monkeypatch.setattr("service.node.MemoryCalls", LateOpening)
    async with running() as service:
        alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]
        before = sizes(service)
        asked = await alice.ask("call:initiate", {"to": "bob", "callType": "audio"})
        await LateOpening.asked.wait()
        await bob.close()
        await until(lambda: len(service.node.tables["users_online"]) == 2, "bob to leave")
        LateOpening.let.set()
        assert (await alice.answer(asked))["error"]["code"] == "user_unavailable"
        assert "call:initiated" not in alice.events()
        assert service.node.store.live() == ()
        assert sizes(service)["routes"] == before["routes"]
        await service.call(alice, carol)  # nobody is engaged any more


def failing(monkeypatch: pytest.MonkeyPatch, store: type[Any], method: str, nth: int) -> None:
    """Have the store fail at the `nth` call of one method, for every node built from now on."""
    calls = iter(range(1, 1_000))

    async def fail(self: Any, *arguments: Any) -> Any:
        if next(calls) == nth:
            raise OSError("the store is gone")
        return await getattr(store, method)(self, *arguments)

    failing_store = type(f"Failing{store.__name__}", (store,), {method: fail})
    monkeypatch.setattr(f"service.node.{store.__name__}", failing_store)


async def nobody(service: TestService) -> None:
    """Wait until no session is left in any table."""
    held = ("sessions", "users_online", "session_deadlines", "watches", "routes")
    await until(lambda: not any(len(service.node.tables[name]) for name in held), "nobody")


async def test_a_join_that_fails_before_its_answer_leaves_nobody_behind(monkeypatch):
    failing(monkeypatch, MemoryCalls, "engagements", 1)  # as it is welcomed
    async with running() as service:
        alice = await service.connect(token("alice"))
        assert (await alice.refusal("user:join", {"userId": "alice"}))["code"] == "internal"
        await nobody(service)
        assert (await alice.done("user:join", {"userId": "alice"}))["userId"] == "alice"
        assert len(service.node.tables["sessions"]) == 1


async def test_a_join_that_fails_after_its_answer_is_closed(monkeypatch):
    failing(monkeypatch, MemoryCalls, "engagements", 2)  # as late devices are rung
    async with running() as service:
        alice = await service.connect(token("alice"))
        assert (await alice.done("user:join", {"userId": "alice"}))["userId"] == "alice"
        await alice.until_closed()
        await nobody(service)
        await service.join("alice")
