"""First answers, one for each request however often it is sent (ports.ReplyStore)."""

import asyncio
import json

import pytest

from service.ports import Outcome, ReplyKey, ReplyStore

NOW = 1_795_000_000_000
KEPT_MS = 120_000
KEY: ReplyKey = ("alice", "call:initiate", "r_1")
OUTCOME = Outcome(ok=True, event="call:initiated", fields=b'{"callId":"c_1"}')
FAILURE = Outcome(ok=False, event="error", fields=json.dumps({"code": "busy"}).encode())


def claiming(replies: ReplyStore, now: int = NOW) -> asyncio.Task[Outcome | None]:
    return asyncio.create_task(replies.claim(KEY, now))


async def settled(replies: ReplyStore, outcome: Outcome = OUTCOME, now: int = NOW) -> None:
    assert await replies.claim(KEY, now) is None
    await replies.settle(KEY, outcome, now + KEPT_MS)


@pytest.mark.parametrize("outcome", [OUTCOME, FAILURE])
async def test_a_repeat_gets_the_first_answer_until_its_time_is_over(replies, outcome):
    await settled(replies, outcome)
    for passed in (0, 1, KEPT_MS - 1, 0):
        assert await replies.claim(KEY, NOW + passed) == outcome
    assert await replies.claim(KEY, NOW + KEPT_MS) is None


@pytest.mark.parametrize(
    "other",
    [
        ("bob", "call:initiate", "r_1"),
        ("alice", "call:end", "r_1"),
        ("alice", "call:initiate", "r_2"),
    ],
)
async def test_an_answer_is_for_one_user_one_event_and_one_request(replies, other):
    assert await replies.claim(KEY, NOW) is None
    assert await replies.claim(other, NOW) is None, "it waits for nobody"
    await replies.settle(KEY, OUTCOME, NOW + KEPT_MS)
    await replies.settle(other, FAILURE, NOW + KEPT_MS)
    assert (await replies.claim(KEY, NOW), await replies.claim(other, NOW)) == (OUTCOME, FAILURE)


async def test_an_answer_that_is_kept_for_longer_holds_up_no_other(replies):
    longer: ReplyKey = ("bob", "call:end", "r_1")
    for key, until in ((longer, NOW + 6 * KEPT_MS), (KEY, NOW + KEPT_MS)):
        assert await replies.claim(key, NOW) is None
        await replies.settle(key, OUTCOME, until)
    await replies.forget_old(NOW + KEPT_MS)
    assert await replies.claim(KEY, NOW) is None
    assert await replies.claim(longer, NOW + 6 * KEPT_MS - 1) == OUTCOME


async def test_a_new_answer_after_the_old_one_expired_has_its_own_time(replies):
    await settled(replies)
    later = NOW + KEPT_MS
    await settled(replies, FAILURE, later)
    assert await replies.claim(KEY, later + KEPT_MS - 1) == FAILURE
    assert await replies.claim(KEY, later + KEPT_MS) is None


async def test_repeats_wait_for_the_claimants_answer(replies):
    assert await replies.claim(KEY, NOW) is None
    repeats = [claiming(replies) for _ in range(3)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(repeat.done() for repeat in repeats)
    await replies.settle(KEY, OUTCOME, NOW + KEPT_MS)
    assert await asyncio.gather(*repeats) == [OUTCOME] * 3


async def test_a_claim_that_is_given_back_is_the_next_ones(replies):
    assert await replies.claim(KEY, NOW) is None
    repeats = [claiming(replies) for _ in range(3)]
    await asyncio.sleep(0)
    await replies.settle(KEY, None, NOW)
    done, waiting = await asyncio.wait(repeats, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [None]
    assert len(waiting) == 2
    await replies.settle(KEY, OUTCOME, NOW + KEPT_MS)
    assert await asyncio.gather(*waiting) == [OUTCOME] * 2


async def test_a_claim_that_is_given_back_may_be_made_again(replies):
    assert await replies.claim(KEY, NOW) is None
    await replies.settle(KEY, None, NOW)
    await settled(replies)
    assert await replies.claim(KEY, NOW) == OUTCOME


async def test_a_claim_that_is_given_back_leaves_an_older_answer_expired(replies):
    await settled(replies)
    assert await replies.claim(KEY, NOW + KEPT_MS) is None
    await replies.settle(KEY, None, NOW)
    assert await replies.claim(KEY, NOW + KEPT_MS) is None


async def test_a_repeat_that_gives_up_holds_nobody_up(replies):
    assert await replies.claim(KEY, NOW) is None
    gone, waits = claiming(replies), claiming(replies)
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    await replies.settle(KEY, None, NOW)
    assert await waits is None
    await replies.settle(KEY, OUTCOME, NOW + KEPT_MS)
    assert await replies.claim(KEY, NOW) == OUTCOME


async def test_a_repeat_that_gives_up_as_its_turn_comes_holds_nobody_up(replies):
    assert await replies.claim(KEY, NOW) is None
    gone = claiming(replies)
    await asyncio.sleep(0)
    await replies.settle(KEY, None, NOW)
    gone.cancel()
    await asyncio.wait([gone])
    assert await replies.claim(KEY, NOW) is None
