"""What the stores of one process keep: how much at most, and nothing of those who are done."""

import pytest

from service.ports import Outcome, ReplyKey
from service.stores import Stores, open_stores
from service.stores.memory.calls import DUE_AT_ONCE, REMEMBER_ENDED_MS
from service.stores.memory.replies import MOST_BYTES, MOST_OF_A_USER, MemoryReplies
from service.stores.memory.users import REMEMBER_SEEN
from tests.stores.calls import MOST, START, accepted, call, ended, join, opened, ref, swapped

NOW = START
KEPT_MS = 120_000
OUTCOME = Outcome(ok=True, event="call:initiated", fields=b'{"callId":"c_1"}')


@pytest.fixture
def stores() -> Stores:
    return open_stores()


async def test_users_online_are_counted(stores):
    await join(stores, "a1", "a2", user="alice")
    await join(stores, "b1")
    assert len(stores.users) == 2
    await stores.users.remove(ref("b1"), NOW)
    await stores.users.remove(ref("b1"), NOW)
    assert len(stores.users) == 1


async def test_the_longest_absent_are_forgotten_first(stores):
    async def visit(user: str, now: int) -> None:
        await join(stores, user, user=user)
        await stores.users.remove(ref(user, user), now)

    await visit("alice", NOW)
    await visit("bob", NOW + 1)
    await visit("alice", NOW + 2)
    for number in range(REMEMBER_SEEN - 1):
        await visit(f"user-{number}", NOW + 3)
    seen = [(await stores.users.engagements(user)).last_seen for user in ("alice", "bob")]
    assert seen == [NOW + 2, None]


async def test_the_live_calls_are_those_that_have_not_ended(stores):
    first = await opened(stores, call(name="1"))
    second = await opened(stores, call("carol", "dave", name="2"))
    await swapped(stores, first, ended(first))
    assert stores.calls.live() == (second,)
    assert len(stores.calls) == 2


async def test_many_calls_come_due_some_at_a_time(stores):
    for name in range(DUE_AT_ONCE + 1):
        await opened(stores, call(f"from-{name}", f"to-{name}", name=str(name)))
    at = START + 10 * 60_000
    due = [one for _ in range(3) for one in await stores.calls.due(at)]
    assert len(due) == len(set(due)) == DUE_AT_ONCE + 1


@pytest.mark.parametrize("session_first", [True, False])
async def test_users_who_are_done_leave_no_trace(stores, session_first):
    users, calls = stores.users, stores.calls
    for name in range(50):
        callee = f"b{name}"
        await join(stores, "1", user=callee)
        new = await opened(stores, call(f"a{name}", callee, name=str(name)))
        if session_first:
            await users.remove(ref("1", callee), NOW)
        taken = await swapped(stores, new, accepted(new, "1"))
        await swapped(stores, taken, ended(taken))
        await users.remove(ref("1", callee), NOW)
    await calls.due(START + REMEMBER_ENDED_MS)
    assert (len(users), users._users) == (0, {})
    assert (len(calls), calls._moves) == (0, {})
    assert len(calls._deadlines) == len(calls._tombstones) == 0


async def test_who_finds_no_place_leaves_no_trace(stores):
    assert await stores.users.add(ref("b1"), 0) is None
    assert (len(stores.users), stores.users._users) == (0, {})
    await join(stores, *(f"b{name}" for name in range(MOST)))
    assert await stores.users.add(ref("one more"), MOST) is None
    assert len(stores.users) == 1


@pytest.fixture
def replies(stores) -> MemoryReplies:
    made: MemoryReplies = stores.replies
    return made


async def settle(
    replies: MemoryReplies, key: ReplyKey, now: int = NOW, outcome: Outcome = OUTCOME
) -> None:
    assert await replies.claim(key, now) is None
    await replies.settle(key, outcome, now + KEPT_MS)


def key(name: object, user: str = "alice") -> ReplyKey:
    return user, "call:end", str(name)


async def test_what_expired_is_let_go_though_nobody_asks(replies):
    for name in range(100):
        await settle(replies, key(name), NOW + name)
    assert len(replies) == 100
    await replies.forget_old(NOW + KEPT_MS + 49)
    assert len(replies) == 50
    await replies.forget_old(NOW + KEPT_MS + 99)
    assert len(replies) == 0


async def test_of_many_answers_of_a_user_the_oldest_are_forgotten(replies):
    await settle(replies, key(0, "bob"))
    for name in range(MOST_OF_A_USER + 5):
        await settle(replies, key(name))
    assert len(replies) == MOST_OF_A_USER + 1
    assert await replies.claim(key(5), NOW) == OUTCOME
    assert await replies.claim(key(0, "bob"), NOW) == OUTCOME
    for name in range(5):
        assert await replies.claim(key(name), NOW) is None


async def test_of_many_bytes_the_oldest_are_forgotten_whosever_they_are(replies):
    large = Outcome(ok=True, event="call:initiated", fields=b" " * (MOST_BYTES // 10))
    for name in range(12):
        await settle(replies, key(0, f"user-{name}"), outcome=large)
    assert len(replies) == 9
    assert await replies.claim(key(0, "user-3"), NOW) == large
    assert await replies.claim(key(0, "user-2"), NOW) is None


async def test_an_answer_that_is_replaced_is_counted_once(replies):
    large = Outcome(ok=True, event="call:initiated", fields=b" " * (MOST_BYTES // 10))
    await settle(replies, key(2))
    for again in range(12):
        await settle(replies, key(1), NOW + again * KEPT_MS, large)
    assert len(replies) == 2
    assert await replies.claim(key(2), NOW) == OUTCOME


async def test_users_whose_answers_expired_leave_no_trace(replies):
    for name in range(10):
        await settle(replies, key(1, f"user-{name}"))
    await replies.forget_old(NOW + KEPT_MS)
    assert (len(replies), replies._of, replies._bytes) == (0, {}, 0)


async def test_a_claim_under_way_is_counted_and_one_given_back_leaves_no_trace(replies):
    assert await replies.claim(key(1), NOW) is None
    assert len(replies) == 1
    await replies.settle(key(1), None, NOW)
    assert len(replies) == 0
