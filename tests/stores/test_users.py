"""Who is online, on which devices, and in which calls (ports.UserStore)."""

from service.ports import Engagements
from service.session_ref import SessionRef
from tests.stores.calls import MOST, START, call, ended, join, opened, ref, swapped

NOW = START


async def test_a_users_sessions_are_the_oldest_first(stores, users):
    await join(stores, "b2", "b1", "b3")
    assert (await users.engagements("bob")).sessions == (ref("b2"), ref("b1"), ref("b3"))
    assert (await users.engagements("alice")).sessions == ()


async def test_a_session_is_kept_as_it_was_told(users):
    told = SessionRef("b1", "bob", node="n1", device="phone", glare=True, resumable=True)
    added = await users.add(told, MOST)
    assert added.sessions == (await users.engagements("bob")).sessions == (told,)


async def test_who_is_added_learns_the_calls_of_the_user(stores, users):
    stands = await opened(stores, call())
    assert (await users.add(ref("b1"), MOST)).calls == (stands,)
    assert (await users.add(ref("c1", "carol"), MOST)).calls == ()


async def test_who_is_removed_leaves_the_calls_of_the_user(stores, users):
    await join(stores, "b1", "b2")
    stands = await opened(stores, call())
    left = await users.remove(ref("b1"), NOW)
    assert (left.calls, left.sessions) == ((stands,), (ref("b2"),))
    left = await users.remove(ref("b2"), NOW)
    assert (left.calls, left.sessions, left.last_seen) == ((stands,), (), NOW)


async def test_ten_sessions_and_no_eleventh(stores, users):
    await join(stores, *(f"b{name}" for name in range(MOST)))
    before = await users.engagements("bob")
    assert await users.add(ref("one more"), MOST) is None
    assert await users.engagements("bob") == before
    await join(stores, "c1", user="carol")


async def test_one_that_goes_makes_place(stores, users):
    await join(stores, *(f"b{name}" for name in range(MOST)))
    await users.remove(ref("b3"), NOW)
    assert len((await users.add(ref("new"), MOST)).sessions) == MOST


async def test_a_user_is_last_seen_when_the_last_session_goes(stores, users):
    await join(stores, "b1", "b2")
    assert (await users.remove(ref("b1"), NOW)).last_seen is None
    assert (await users.remove(ref("b2"), NOW + 5)).last_seen == NOW + 5
    assert (await users.engagements("bob")).last_seen == NOW + 5


async def test_an_online_user_was_not_last_seen(stores, users):
    await join(stores, "b1")
    await users.remove(ref("b1"), NOW)
    assert (await users.add(ref("b2"), MOST)).last_seen is None
    assert (await users.engagements("bob")).last_seen is None


async def test_forgetting_twice_is_once(stores, users):
    await join(stores, "b1")
    once = await users.remove(ref("b1"), NOW)
    assert await users.remove(ref("b1"), NOW + 9) == once
    assert await users.remove(ref("never"), NOW + 9) == once
    assert once.last_seen == NOW


async def test_a_stranger_does_nothing_and_was_never_seen(users):
    for found in (
        await users.engagements("eve"),
        await users.remove(ref("e1", "eve"), NOW),
        await users.engagements("eve"),
    ):
        assert (found.calls, found.sessions, found.last_seen) == ((), (), None)


async def test_a_situation_is_what_each_of_the_two_is_doing(stores, users):
    await join(stores, "b1", "b2")
    await join(stores, "a1", user="alice")
    await opened(stores, call("carol", "bob"))
    situation = await users.situation("alice", "bob")
    assert situation == (await users.engagements("alice"), await users.engagements("bob"))
    assert [len(found.calls) for found in situation] == [0, 1]
    assert [len(found.sessions) for found in situation] == [1, 2]


async def test_calls_are_told_as_they_stand_and_when_they_ended_no_more(stores, users):
    first = await opened(stores, call())
    second = await opened(stores, call("carol", "bob", name="2"))
    assert (await users.engagements("bob")).calls == (first, second)
    await swapped(stores, first, ended(first))
    assert (await users.engagements("bob")).calls == (second,)
    assert (await users.engagements("alice")).calls == ()


async def test_sessions_that_come_and_go_are_no_news_for_who_decides_on_a_call(stores, users):
    stands = await opened(stores, call())
    before: Engagements = await users.engagements("bob")
    await join(stores, "b1")
    await users.remove(ref("b1"), NOW)
    after = await users.engagements("bob")
    assert (after.version, after.calls) == (before.version, (stands,))
