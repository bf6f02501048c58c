"""What is remembered for repeats is bounded by user, and gone in time, whoever asks for it."""

from service.stores.answers import MOST_OF_A_USER
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
        assert len(service.node.answers) == MOST_OF_A_USER + 1
        assert await bob.refusal("call:end", request) == first
        await service.advance(121)
        assert len(service.node.answers) == 0
