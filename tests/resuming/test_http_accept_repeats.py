"""An accept over HTTP whose answer was lost, and is asked for again."""

import asyncio

import pytest

from tests.resuming.lock_screen import LockScreen, take_up, waking, woken
from tests.resuming.stage import Stage
from tests.support.link import Refused
from tests.support.waiting import until

REQUEST = {"requestId": "r1", "deviceId": "phone"}


@pytest.fixture
async def call_id(stage: Stage) -> str:
    """A call from Alice that rings at Bob's laptop."""
    return await stage.call(await stage.join("alice"), await stage.join("bob"))


def sessions(stage: Stage) -> int:
    """How many sessions the node has."""
    return len(stage.service.node.tables["sessions"])


async def test_a_repeat_gives_the_same_session_and_another_token(
    stage: Stage, lock_screen: LockScreen, call_id: str
):
    first = await lock_screen.accept(call_id, **REQUEST)
    again = await lock_screen.accept(call_id, **REQUEST)
    assert first["resumeToken"] != again["resumeToken"]
    for name in ("sessionId", "epoch", "lastSeq", "call"):
        assert again[name] == first[name]
    assert sessions(stage) == 3
    assert await lock_screen.refusal(call_id, requestId="r2") == (409, "already_answered")


async def test_a_repeat_that_does_not_wait_for_the_first_accepts_nothing_again(
    stage: Stage, lock_screen: LockScreen, call_id: str
):
    both = await asyncio.gather(*(lock_screen.accept(call_id, **REQUEST) for _ in range(5)))
    assert len({one["sessionId"] for one in both}) == 1
    assert len({one["resumeToken"] for one in both}) == 5
    assert sessions(stage) == 3


@pytest.mark.parametrize("which", [0, 2])
async def test_the_first_token_and_the_newest_are_good(
    stage: Stage, lock_screen: LockScreen, call_id: str, which: int
):
    answers = [await lock_screen.accept(call_id, **REQUEST) for _ in range(3)]
    phone = await waking(stage, answers[1])
    with pytest.raises(Refused) as refused:
        await phone.join()
    assert refused.value.error["code"] == "forbidden"
    await woken(stage, answers[which])


async def test_a_repeat_after_the_join_gives_a_token_that_takes_the_session_over(
    stage: Stage, lock_screen: LockScreen, call_id: str
):
    phone = await woken(stage, await lock_screen.accept(call_id, **REQUEST))
    await phone.probe()
    again = await lock_screen.accept(call_id, **REQUEST)
    assert again["sessionId"] == phone.session
    await stage.away(phone)
    assert (await phone.join())["resumed"] == "replayed", "its own token is as good as before"
    restarted = await stage.device("bob")
    take_up(restarted, await lock_screen.accept(call_id, **REQUEST))
    restarted.outgoing.epoch = None  # what it says is of no epoch, since it forgot that
    joined = await restarted.join(sessionId=again["sessionId"], lastSeq=None)
    assert joined["calls"][0]["bound"] == "this"


async def test_a_repeat_of_a_call_that_ended_says_so(
    stage: Stage, lock_screen: LockScreen, call_id: str
):
    phone = await woken(stage, await lock_screen.accept(call_id, **REQUEST))
    await phone.done("call:end", {"callId": call_id})
    again = await lock_screen.accept(call_id, **REQUEST)
    assert (again["call"]["state"], again["call"]["reason"]) == ("ended", "completed")
    await phone.leave()
    await until(lambda: stage.session(phone) is None, "the session to be gone")
    assert await lock_screen.refusal(call_id, **REQUEST) == (409, "call_ended")


async def test_the_same_request_id_is_another_request_for_another_call(
    stage: Stage, lock_screen: LockScreen, call_id: str
):
    first = await lock_screen.accept(call_id, **REQUEST)
    phone = await woken(stage, first)
    await phone.done("call:end", {"callId": call_id})
    carol = await stage.join("carol")
    answer = await carol.done("call:initiate", {"to": "bob", "callType": "audio"})
    second = await lock_screen.accept(answer["callId"], **REQUEST)
    assert second["sessionId"] != first["sessionId"]
    assert second["call"]["callId"] == answer["callId"]


async def test_a_refused_accept_is_tried_anew(stage: Stage, lock_screen: LockScreen, call_id: str):
    wrong = {**REQUEST, "sessionId": "s_none", "resumeToken": "x"}
    laptop = await stage.join("bob")
    wrong["sessionId"] = laptop.session or ""
    assert await lock_screen.refusal(call_id, **wrong) == (403, "forbidden")
    await lock_screen.accept(call_id, **REQUEST)
