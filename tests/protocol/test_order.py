"""The order rule: what a session sends is handled in that order, and arrives in that order."""

import asyncio
import json
import random
from collections.abc import Callable

from tests.protocol.sdp import ANSWER, OFFER, candidate
from tests.support.client import Client
from tests.support.service import TestService, running

BURST = 300
KINDS: dict[str, Callable[[int], dict[str, object]]] = {
    "ice:candidate": lambda n: {"candidate": candidate(n)},
    "call:signal": lambda n: {"data": {"n": n}},
    "call:offer": lambda n: {"offer": {"n": n}},
    "call:answer": lambda n: {"answer": {"n": n}},
    "call:media": lambda _: {"state": "connected"},
    "user:status": lambda n: {"userId": f"user-{n}"},
}
"""Events of every sort, each with its number where it has room for one."""


def numbers(client: Client) -> list[int]:
    """The numbers of everything relayed to a client, in the order received."""
    found = []
    for name, payload in client.log:
        if name == "ice:candidate":
            found.append(int(payload["candidate"]["candidate"].split()[0].partition(":")[2]))
        elif name == "call:signal":
            found.append(payload["data"]["n"])
        elif name in {"call:offer", "call:answer"}:
            found.append(payload[name.partition(":")[2]]["n"])
    return found


async def test_a_call_may_be_set_up_without_waiting_for_anything(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await alice.emit("call:initiate", {"to": "bob", "callType": "video"})
    await alice.emit("call:offer", {"offer": OFFER, "to": "bob", "from": "alice"})
    for number in range(20):
        await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
    call_id = (await bob.next("call:incoming"))["callId"]
    await alice.settle()
    asked = await bob.ask("call:accept", {"callId": call_id, "from": "alice"})
    await bob.emit("ice:candidate", {"candidate": candidate(100), "to": "alice"})
    await bob.answer(asked)
    await bob.settle()
    assert bob.events()[1:25] == [
        "call:incoming", "ack", "call:accepted", "call:offer", *["ice:candidate"] * 20,
    ]  # fmt: skip
    assert [payload["candidate"] for payload in bob.payloads("ice:candidate")] == [
        candidate(number) for number in range(20)
    ]
    await alice.settle()
    assert alice.payloads("error") == []
    assert alice.events("call:initiated", "call:ringing", "call:accepted", "ice:candidate") == [
        "call:initiated", "call:ringing", "call:accepted", "ice:candidate",
    ]  # fmt: skip


async def test_the_callers_acknowledgement_precedes_what_its_call_causes(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    assert alice.events()[1:] == ["ack", "call:initiated", "call:ringing", "call:accepted"]


async def test_an_accept_that_follows_at_once_is_told_after_the_call_and_its_ringing(
    service: TestService,
):
    for _ in range(5):
        alice, bob = await service.join("alice"), await service.join("bob")

        async def accept_at_once(bob: Client = bob) -> None:
            await bob.emit("call:accept", {"callId": (await bob.next("call:incoming"))["callId"]})

        await asyncio.gather(
            accept_at_once(), alice.request("call:initiate", {"to": "bob", "callType": "audio"})
        )
        await alice.next("call:accepted")
        assert alice.events()[1:] == ["ack", "call:initiated", "call:ringing", "call:accepted"]
        await alice.close()
        await bob.close()
        await service.seen_off(alice, bob)


async def test_bursts_of_hundreds_arrive_in_order_both_ways_at_once():
    async with running(rate_limit_scale=1000) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.accepted(alice, bob)
        await alice.emit("call:offer", {"offer": {**OFFER, "n": -2}, "callId": call_id})
        await bob.emit("call:answer", {"answer": {**ANSWER, "n": -1}, "callId": call_id})

        async def trickle(sender: Client) -> None:
            for number in range(BURST):
                await sender.emit(
                    "ice:candidate", {"candidate": candidate(number), "callId": call_id}
                )

        await asyncio.gather(trickle(alice), trickle(bob))
        await alice.settle()
        await bob.settle()
        assert numbers(bob) == [-2, *range(BURST)]
        assert numbers(alice) == [-1, *range(BURST)]


async def test_relays_and_control_events_interleaved_arrive_in_order():
    """Relays that take the short way never overtake what waits in the queue, nor lag behind it."""
    async with running(rate_limit_scale=1000) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.accepted(alice, bob)
        kinds = random.Random(7).choices(list(KINDS), k=BURST)  # noqa: S311 - a reproducible mix
        for number, event in enumerate(kinds):
            await alice.emit(event, {"callId": call_id, **KINDS[event](number)})
        await alice.settle()
        await bob.settle()
        sent = [kind for kind in kinds if kind != "user:status"]
        assert bob.events(*KINDS)[: len(sent)] == sent
        assert numbers(bob) == [
            number for number, kind in enumerate(kinds) if kind not in {"user:status", "call:media"}
        ]


async def test_what_was_sent_before_the_end_arrives_before_the_end():
    async with running(rate_limit_scale=1000) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.accepted(alice, bob)
        for number in range(100):
            await alice.emit("ice:candidate", {"candidate": candidate(number), "to": "bob"})
        await alice.emit("call:end", {"callId": call_id})
        await alice.emit("ice:candidate", {"candidate": candidate(100), "callId": call_id})
        await bob.next("call:ended")
        assert numbers(bob) == list(range(100))
        assert (await alice.next("error"))["code"] == "call_ended"
        assert bob.events()[-1] == "call:ended"


async def test_what_was_sent_before_a_close_is_still_handled(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    for number in range(50):
        await alice.emit("ice:candidate", {"candidate": candidate(number), "callId": call_id})
    await alice.close()
    assert (await bob.next("call:ended"))["reason"] == "connection_lost"
    assert numbers(bob) == list(range(50))


async def test_acknowledgements_come_in_the_order_asked():
    async with running(rate_limit_scale=1000) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call_id = await service.accepted(alice, bob)
        asked = []
        for number in range(BURST):
            fields = {"candidate": candidate(number), "callId": call_id, "userId": "bob"}
            asked.append(await alice.ask("ice:candidate" if number % 3 else "user:status", fields))
        for number in asked:
            assert (await alice.answer(number))["ok"]
        acks = [frame[2:].partition("[")[0] for frame in alice.frames if frame[:2] == "43"]
        assert [int(number) for number in acks][-BURST:] == asked


async def test_payloads_pass_byte_for_byte(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.accepted(alice, bob)
    raw = '{ "sdp":"v=0\\r\\n\\u00e9 ☎ \\ud83d\\ude00", "n":1.50, "big":12345678901234567890,"n":2}'
    await alice.send('42["call:offer",{"to":"bob","offer":' + raw + "}]")
    await bob.next("call:offer")
    frame = bob.frames[-1]
    assert raw in frame
    assert json.loads(frame[2:])[1]["from"] == "alice"
