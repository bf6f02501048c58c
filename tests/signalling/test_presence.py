"""Presence when much happens at once: whoever watches ends up with the truth."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from service.calls.events import HungUp
from service.calls.machine import decide
from service.ports import Identity
from service.session_ref import SessionRef
from service.sessions.directory import Directory
from service.sessions.reply import Reply
from service.sessions.session import Session
from service.signalling.presence import Presence
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.users import MemoryUsers
from service.tasks import Tasks
from service.wire.client_events import UserStatusQuery, UserUnwatch, UserWatch
from service.wire.packets import EventPacket, decode_event
from tests.calls.situations import CALLER, INITIATING, NOW, TIMEOUTS
from tests.support.attachment import attachment
from tests.support.waiting import until

ENDED = decide(INITIATING, HungUp(*CALLER), NOW, TIMEOUTS).call


class Lively:
    """A client that has just been heard of."""

    silent_s = 0.0

    def probe(self, _within_s: float | None, _answered: Callable[[], object]) -> None:
        raise AssertionError("nobody asks here")


class SlowUsers(MemoryUsers):
    """Users of whom an answer is on its way until `arrived`, as that was when they were read."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()
        self.arrived.set()

    async def engagements(self, user: str) -> Any:
        arrived, read = self.arrived, await super().engagements(user)
        await arrived.wait()
        return read


class World:
    """A presence, its stores, and devices that note what they are told of Alice."""

    def __init__(self) -> None:
        self.users = SlowUsers()
        self.calls = MemoryCalls(self.users)
        self.directory = Directory()
        self.tasks = Tasks()
        self.presence = Presence(self.users, self.directory, self.tasks)
        self.told: dict[str, list[bool]] = {}

    def device(self, name: str) -> Session:
        told = self.told[name] = []

        def write(packet: bytes) -> None:
            event = decode_event(packet.decode())
            assert event.event == "user:status"
            told.append(json.loads(bytes(event.payload or b""))["isInCall"])

        identity = Identity(name, None, expires_at=NOW)
        session = Session(
            SessionRef(name, name), attachment(write, identity=identity, pulse=Lively())
        )
        self.directory.add(session)
        return session

    async def watch(self, who: Session) -> None:
        await self.presence.watch(who, UserWatch(user_ids=["alice"]), silent("user:watch"))

    async def unwatch(self, who: Session) -> None:
        await self.presence.unwatch(who, UserUnwatch(user_ids=["alice"]), silent("user:unwatch"))

    async def ask(self, who: Session) -> None:
        await self.presence.query(who, UserStatusQuery(user_id="alice"), silent("user:status"))

    async def call(self) -> None:
        assert await self.calls.open(INITIATING, 0, 0)

    async def hang_up(self) -> None:
        assert await self.calls.swap(INITIATING, ENDED, "op") is ENDED

    async def told_all(self) -> None:
        await until(lambda: not len(self.tasks), "all to be told")


class Nobody:
    """Takes answers that nobody reads."""

    def emit(self, _event: str, _payload: bytes) -> None:
        """Nothing."""

    def write(self, _packet: bytes) -> None:
        """Nothing."""


def silent(event: str) -> Reply:
    return Reply(Nobody(), EventPacket(event, None, None, 0))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("learn", [World.watch, World.ask])
async def test_what_one_learns_and_is_over_before_the_others_hear_is_taken_back(
    world: World, learn: Any
):
    """The change and its undoing are told late: by then nothing seems to have changed."""
    first, second = world.device("first"), world.device("second")
    await world.watch(first)
    if learn is World.ask:
        await world.watch(second)
    await world.call()
    await learn(world, second)
    await world.hang_up()
    world.presence.changed("alice")
    world.presence.changed("alice")
    await world.told_all()
    assert world.told["first"] == [False, True, False]
    assert world.told["second"][-2:] == [True, False]


async def test_an_answer_that_was_read_earlier_is_not_told_later(world: World):
    """A watcher asks; while the answer is on its way, a call begins and is told."""
    device, at_once = world.device("first"), world.users.arrived
    await world.watch(device)
    world.users.arrived = late = asyncio.Event()
    asking = asyncio.create_task(world.ask(device))
    await asyncio.sleep(0)
    world.users.arrived = at_once
    await world.call()
    world.presence.changed("alice")
    late.set()
    await asking
    await world.told_all()
    assert world.told["first"] == [False, False, True]


async def test_two_who_begin_to_watch_at_once_are_told_once_each(world: World):
    devices = [world.device(name) for name in ("first", "second")]
    await asyncio.gather(*map(world.watch, devices))
    assert world.told == {"first": [False], "second": [False]}


async def test_who_watches_again_while_a_change_is_read_is_told_the_newest(world: World):
    device = world.device("first")
    await world.watch(device)
    world.users.arrived = late = asyncio.Event()
    world.presence.changed("alice")
    await world.unwatch(device)
    again = asyncio.create_task(world.watch(device))
    await world.call()
    late.set()
    await again
    await world.told_all()
    assert world.told["first"] == [False, True]


async def test_nothing_is_kept_of_a_user_whom_nobody_watches_any_more(world: World):
    device = world.device("first")
    await world.watch(device)
    world.users.arrived = late = asyncio.Event()
    world.presence.changed("alice")
    await world.unwatch(device)
    late.set()
    await world.told_all()
    await world.ask(device)
    assert len(world.presence) == 0
