"""Presence: who is online and in a call, asked once or watched."""

import pytest

from tests.support.client import Client
from tests.support.service import TestService, running


def status(user: str, *, online: bool, calling: bool = False, seen: object = None) -> object:
    return {"userId": user, "isOnline": online, "isInCall": calling, "lastSeenAt": seen}


async def test_a_status_is_told_when_asked(service: TestService):
    alice, _bob = await service.join("alice"), await service.join("bob")
    await alice.emit("user:status", {"userId": "bob"})
    assert await alice.next("user:status") == status("bob", online=True)
    await alice.emit("user:status", {"userId": "carol"})
    assert await alice.next("user:status") == status("carol", online=False)


async def test_who_left_was_last_seen_then(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    before = service.clock()
    await bob.close()
    await service.seen_off(bob)
    seen = (await alice.done("user:status", {"userId": "bob"}))["lastSeenAt"]
    assert before <= seen <= service.clock()
    await service.join("bob")
    assert (await alice.done("user:status", {"userId": "bob"}))["lastSeenAt"] is None


async def test_a_user_with_one_of_two_devices_left_is_online(service: TestService):
    alice, phone, _tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    await phone.close()
    await service.seen_off(phone)
    assert (await alice.done("user:status", {"userId": "bob"}))["isOnline"]


async def test_a_caller_is_in_a_call_at_once_a_callee_from_the_accept(service: TestService):
    alice, bob, carol = [await service.join(user) for user in ("alice", "bob", "carol")]

    async def in_call() -> tuple[bool, bool]:
        one, two = [await carol.done("user:status", {"userId": user}) for user in ("alice", "bob")]
        return one["isInCall"], two["isInCall"]

    call_id = await service.call(alice, bob)
    assert await in_call() == (True, False)
    await bob.done("call:accept", {"callId": call_id})
    assert await in_call() == (True, True)
    await bob.done("call:end", {"callId": call_id})
    assert await in_call() == (False, False)


async def watched(client: Client, user: str) -> list[tuple[bool, bool]]:
    await client.settle()
    return [
        (told["isOnline"], told["isInCall"])
        for told in client.payloads("user:status")
        if told["userId"] == user
    ]


async def test_a_watch_tells_at_once_and_on_each_change_and_on_nothing_else(
    service: TestService,
):
    carol = await service.join("carol")
    assert await carol.done("user:watch", {"userIds": ["alice", "bob"]}) == {"ok": True}
    assert await watched(carol, "bob") == [(False, False)]
    alice, bob = await service.join("alice"), await service.join("bob")
    tablet = await service.join("bob")
    call_id = await service.accepted(alice, bob)
    await alice.done("call:end", {"callId": call_id})
    for device in (tablet, bob):
        await device.close()
        await service.seen_off(device)
    assert await watched(carol, "bob") == [
        (False, False), (True, False), (True, True), (True, False), (False, False),
    ]  # fmt: skip
    assert await watched(carol, "alice") == [
        (False, False), (True, False), (True, True), (True, False),
    ]  # fmt: skip
    last = [told for told in carol.payloads("user:status") if told["userId"] == "bob"][-1]
    assert last["lastSeenAt"] is not None


async def test_every_watcher_is_told(service: TestService):
    watchers = [await service.join(f"user-{number}") for number in range(5)]
    for watcher in watchers:
        await watcher.done("user:watch", {"userIds": ["bob"]})
    await service.join("bob")
    for watcher in watchers:
        assert await watched(watcher, "bob") == [(False, False), (True, False)]


async def test_after_an_unwatch_nothing_is_told(service: TestService):
    carol = await service.join("carol")
    await carol.done("user:watch", {"userIds": ["alice", "bob"]})
    assert await carol.done("user:unwatch", {"userIds": ["bob", "nobody"]}) == {"ok": True}
    await service.join("bob")
    await service.join("alice")
    assert await watched(carol, "bob") == [(False, False)]
    assert await watched(carol, "alice") == [(False, False), (True, False)]


async def test_at_most_500_users_are_watched_in_all(service: TestService):
    carol = await service.join("carol")
    many = [f"user-{number}" for number in range(501)]
    error = await carol.refusal("user:watch", {"userIds": many})
    assert (error["code"], "userIds" in error["message"]) == ("invalid_payload", True)
    await carol.done("user:watch", {"userIds": many[:300]})
    await carol.done("user:watch", {"userIds": many[100:500]})
    error = await carol.refusal("user:watch", {"userIds": many[500:]})
    assert (error["code"], "userIds" in error["message"]) == ("invalid_payload", True)
    await carol.done("user:unwatch", {"userIds": many[:1]})
    await carol.done("user:watch", {"userIds": many[500:]})
    await service.join("user-500")
    assert await watched(carol, "user-500") == [(False, False), (True, False)]
    assert await watched(carol, "user-0") == [(False, False)]


async def test_a_refused_watch_changes_nothing(service: TestService):
    carol = await service.join("carol")
    await carol.done("user:watch", {"userIds": [f"user-{number}" for number in range(500)]})
    await carol.refusal("user:watch", {"userIds": ["bob"]})
    await service.join("bob")
    assert await watched(carol, "bob") == []


@pytest.mark.parametrize("users", [None, "bob", [7.5], [""], ["b" * 129]])
async def test_users_are_named_by_their_ids(service: TestService, users: object):
    carol = await service.join("carol")
    for event in ("user:watch", "user:unwatch"):
        error = await carol.refusal(event, {"userIds": users})
        assert (error["code"], "userIds" in error["message"]) == ("invalid_payload", True)


async def test_with_presence_for_nobody_everybody_looks_offline():
    async with running(presence="nobody") as service:
        carol, alice, bob = [await service.join(user) for user in ("carol", "alice", "bob")]
        await carol.done("user:watch", {"userIds": ["alice", "bob"]})
        await service.accepted(alice, bob)
        await bob.close()
        await service.seen_off(bob)
        assert await carol.done("user:status", {"userId": "bob"}) == {
            "ok": True,
            "userId": "bob",
            "isOnline": False,
            "isInCall": False,
            "lastSeenAt": None,
        }
        assert await watched(carol, "alice") == [(False, False)]
        await carol.settle()
        assert not any(told["isOnline"] for told in carol.payloads("user:status"))
