"""A whole call of clients that send their ids as numbers, as those of the replaced system do."""

from typing import Any

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.service import TestService, token

SPACED = '{ "candidate" : "candidate:1",  "x": 1.0 }'


async def test_a_call_between_42_and_7(service: TestService):
    alice, bob = await service.connect(token("42")), await service.connect(token("7"))
    for client, user in ((alice, 42), (bob, 7)):
        assert (await client.done("user:join", {"userId": user}))["userId"] == str(user)
        client.user = str(user)
    initiated = await alice.done("call:initiate", {"to": 7, "callType": "video"})
    assert initiated["to"] == "7"
    incoming = await bob.next("call:incoming")
    assert incoming["from"] == "42"
    await bob.done("call:accept", {"callId": incoming["callId"], "from": 42})
    await alice.emit("call:offer", {"offer": OFFER, "from": 42, "to": 7})
    assert (await bob.next("call:offer"))["from"] == "42"
    await bob.done("call:answer", {"answer": ANSWER, "from": 7, "to": 42})
    assert (await alice.next("call:answer"))["from"] == "7"
    await bob.emit("ice:candidate", {"candidates": [candidate(1), None], "to": 42})
    received = [(await alice.next("ice:candidate"))["candidate"] for _ in range(2)]
    assert received == [candidate(1), None]
    await alice.send(f'42["ice:candidate",{{"candidate":{SPACED},"from":42,"to":7}}]')
    await bob.next("ice:candidate")
    assert f'"candidate":{SPACED}' in bob.frames[-1]
    assert (await bob.done("call:end", {"callId": incoming["callId"]}))["by"] == "7"


async def test_presence_of_users_with_numbers(service: TestService):
    alice, bob = await service.join("alice"), await service.join("7")
    assert (await alice.done("user:status", {"userId": 7}))["isOnline"]
    await alice.done("user:watch", {"userIds": [7, 8]})
    told: list[Any] = [await alice.next("user:status") for _ in range(3)]
    assert [status["userId"] for status in told] == ["7", "7", "8"]
    await bob.close()
    assert not (await alice.next("user:status"))["isOnline"]
    await alice.done("user:unwatch", {"userIds": [7, 8]})


async def test_a_number_that_is_not_the_token_s_subject_is_forbidden(service: TestService):
    mallory = await service.connect(token("42"))
    assert (await mallory.refusal("user:join", {"userId": 7}))["code"] == "forbidden"
    await mallory.done("user:join", {"userId": 42})
