"""What is remembered for repeats is bounded by user, and gone in time, whoever asks for it."""

from service.stores.memory.replies import MOST_OF_A_USER
from tests.support.client import Client
from tests.support.service import running

MANY = 2_000


async def test_answers_to_a_flood_of_request_ids():
    """2,000 were kept, for as long as nobody sent another `requestId`."""
    async with running(rate_limit_scale=100) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        request = {"callId": "c_none", "requestId": "r_bob"}
        first = await bob.refusal("call:end", request)
        for i in range(MANY):
            await alice.emit("call:end", {"callId": "c_none", "requestId": f"r_{i}"})
        await alice.settle()
        assert len(alice.payloads("error")) == MANY
        assert len(service.replies) == MOST_OF_A_USER + 1
        assert await bob.refusal("call:end", request) == first
        await service.advance(121)
        assert len(service.replies) == 0


async def test_calls_that_ended_are_remembered_for_five_minutes_without_what_they_brought():
    """Each kept up to 4 KiB of `metadata` that nobody could ask for any more."""
    async with running(rate_limit_scale=100) as service:
        alice, bob = await service.join("alice"), await service.join("bob")
        call = {"to": "bob", "callType": "audio", "metadata": "m" * 4_000}
        ids = [await one_call(alice, bob, call, accept=accept) for accept in (True, False) * 20]
        found = [await service.calls.load(call_id) for call_id in ids]
        assert [one and one.metadata for one in found] == [None] * 40
        assert len(service.calls) == 40
        await service.advance(301)
        assert len(service.calls) == 0


async def one_call(alice: Client, bob: Client, call: dict[str, str], *, accept: bool) -> str:
    """The id of a call that has ended."""
    placed: str = (await alice.done("call:initiate", call))["callId"]
    assert (await bob.next("call:incoming"))["metadata"] == call["metadata"]
    if accept:
        await bob.done("call:accept", {"callId": placed})
    await alice.done("call:end", {"callId": placed})
    return placed
