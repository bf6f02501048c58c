"""What a call's record, as HTTP gives it, tells of parties that were away or moved."""

import aiohttp

from tests.resuming.stage import Stage
from tests.support.service import token


async def test_the_record_counts_returns_and_moves(stage: Stage):
    alice, bob = await stage.join("alice"), await stage.join("bob")
    tablet = await stage.join("bob")
    call_id = await stage.accepted(alice, bob)
    await stage.away(bob)
    await bob.join()
    await tablet.done("call:move", {"callId": call_id, "moves": 0})
    headers = {"Authorization": f"Bearer {token('alice')}"}
    url = f"http://127.0.0.1:{stage.service.port}/v1/calls/{call_id}"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        record = await answer.json()
    assert (record["resumes"], record["moves"], record["generation"]) == (1, 1, 1)
