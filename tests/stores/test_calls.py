"""Where calls are, and where every race is decided (ports.CallStore)."""

import pytest

from service.calls.reasons import Reason
from tests.stores.calls import (
    START,
    TIMEOUTS,
    accepted,
    call,
    differently_ended,
    ended,
    join,
    op,
    opened,
    ref,
    rung,
    silenced,
    swapped,
)

RING = TIMEOUTS.ring
MINUTE = 60_000
CLAIM_MS = 5_000
"""A due call that nobody has settled in this time comes up again."""


async def ids(stores, user: str) -> list[str]:
    return [one.id for one in (await stores.users.engagements(user)).calls]


# Opening.


async def test_an_opened_call_engages_both_users(stores, calls):
    new = await opened(stores, call())
    assert new == call()
    assert await calls.load("c_1") == new
    assert await ids(stores, "alice") == await ids(stores, "bob") == ["c_1"]
    assert await ids(stores, "carol") == []


async def test_an_opened_call_is_for_the_devices_that_the_callee_then_has(stores, calls):
    await join(stores, "b2", "b1")
    await join(stores, "a1", user="alice")
    seen = await stores.users.situation("alice", "bob")
    await join(stores, "b3")
    new = await calls.open(call(), *(engaged.version for engaged in seen))
    assert new is not None
    assert new.devices == new.ringing == (ref("b2"), ref("b1"), ref("b3"))
    await join(stores, "b4")
    assert await calls.load("c_1") == new
    assert (await stores.users.engagements("alice")).calls == (new,)


async def test_nobody_remembers_a_call_that_never_was(stores, calls):
    assert await calls.load("c_1") is None
    assert await ids(stores, "alice") == []


async def test_of_two_who_looked_at_the_same_moment_one_opens(stores, calls):
    alice, bob = await stores.users.situation("alice", "bob")
    carol = await stores.users.engagements("carol")
    assert await calls.open(call("alice", "bob", name="1"), alice.version, bob.version)
    second = call("carol", "bob", name="2")
    assert await calls.open(second, carol.version, bob.version) is None
    assert await calls.load("c_2") is None
    assert await ids(stores, "carol") == []
    assert await ids(stores, "bob") == ["c_1"]


@pytest.mark.parametrize("stale", ["alice", "bob"])
async def test_either_users_move_is_enough_to_refuse(stores, calls, stale):
    alice, bob = await stores.users.situation("alice", "bob")
    await opened(stores, call(stale, "dave", name="other"))
    assert await calls.open(call(), alice.version, bob.version) is None
    assert await calls.load("c_1") is None


async def test_who_looks_again_may_open_beside_the_other(stores):
    await opened(stores, call("carol", "bob", name="1"))
    await opened(stores, call("alice", "bob", name="2"))
    assert await ids(stores, "bob") == ["c_1", "c_2"]


@pytest.mark.parametrize("move", [rung, accepted, ended])
async def test_a_move_to_another_state_is_a_move_of_both_engagements(stores, calls, move):
    before = await opened(stores, call())
    alice, bob = await stores.users.situation("alice", "bob")
    await swapped(stores, before, move(before))
    assert await calls.open(call(name="2"), alice.version, bob.version) is None


async def test_what_leaves_the_state_alone_leaves_the_versions_alone(stores, calls):
    await join(stores, "b1", "b2")
    before = await opened(stores, call())
    alice, bob = await stores.users.situation("alice", "bob")
    await swapped(stores, before, silenced(before))
    assert await calls.open(call(name="2"), alice.version, bob.version)


async def test_engagements_that_came_back_to_the_same_number_are_not_the_same(stores, calls):
    """ABA: one call before, one call after, and the version still tells them apart."""
    first = await opened(stores, call(name="1"))
    alice, bob = await stores.users.situation("alice", "bob")
    await swapped(stores, first, ended(first))
    await opened(stores, call(name="2"))
    assert await calls.open(call(name="3"), alice.version, bob.version) is None


async def test_a_version_is_never_used_twice(stores):
    seen = set()
    for name in range(20):
        new = await opened(stores, call(name=str(name)))
        version = (await stores.users.engagements("alice")).version
        assert version not in seen
        seen.add(version)
        await swapped(stores, new, ended(new))


# Moving.


async def test_of_two_moves_from_the_same_revision_one_is_taken(stores, calls):
    before = await opened(stores, call())
    won, lost = accepted(before, "b1"), accepted(before, "b2")
    assert await calls.swap(before, won, op()) is won
    assert await calls.swap(before, lost, op()) == won
    assert await calls.load("c_1") == won


async def test_who_has_lost_may_decide_again_on_what_stands(stores, calls):
    before = await opened(stores, call())
    await swapped(stores, before, rung(before))
    stands = await calls.swap(before, accepted(before), op())
    assert stands == rung(before)
    await swapped(stores, stands, accepted(stands))


async def test_a_move_is_taken_onto_the_revision_whatever_object_holds_it(stores):
    before = await opened(stores, call())
    await swapped(stores, before._replace(), rung(before))


async def test_a_revision_that_never_stood_there_is_not_moved(stores, calls):
    before = await opened(stores, call())
    assert await calls.swap(rung(before), accepted(rung(before)), op()) == before
    assert await calls.load("c_1") == before


async def test_a_call_that_stays_in_its_state_is_still_another_revision(stores, calls):
    await join(stores, "b1", "b2", "b3")
    before = await opened(stores, call())
    after = await swapped(stores, before, silenced(before, "b1"))
    assert await calls.swap(before, silenced(before, "b2"), op()) == after


async def test_nothing_is_put_in_the_place_of_nothing(calls):
    assert await calls.swap(call(), rung(call()), op()) is None
    assert await calls.load("c_1") is None


async def test_a_move_that_is_tried_again_is_made_once(stores, calls):
    before = await opened(stores, call())
    after, same = rung(before), op()
    alone = await stores.users.situation("alice", "bob")
    for _ in range(3):
        assert await calls.swap(before, after, same) is after
        assert await calls.load("c_1") == after
    moved = await stores.users.situation("alice", "bob")
    assert moved != alone
    assert await calls.swap(before, after, same) is after
    assert await stores.users.situation("alice", "bob") == moved


async def test_a_move_that_is_tried_again_after_others_has_still_been_made(stores, calls):
    before = await opened(stores, call())
    after, same = rung(before), op()
    assert await calls.swap(before, after, same) is after
    stands = await swapped(stores, after, accepted(after))
    stands = await swapped(stores, stands, ended(stands))
    assert await calls.swap(before, after, same) is after
    assert await calls.load("c_1") == stands
    assert await ids(stores, "alice") == await ids(stores, "bob") == []


async def test_a_move_that_lost_loses_again(stores, calls):
    before = await opened(stores, call())
    won, same = await swapped(stores, before, accepted(before, "b1")), op()
    for _ in range(2):
        assert await calls.swap(before, accepted(before, "b2"), same) == won


async def test_an_ended_call_engages_nobody_and_is_remembered(stores, calls):
    before = await opened(stores, call())
    over = await swapped(stores, before, ended(before))
    assert await ids(stores, "alice") == await ids(stores, "bob") == []
    assert await calls.swap(before, differently_ended(before), op()) == over
    assert await calls.load("c_1") == over
    assert over.reason is Reason.CANCELLED


# Time.


async def test_an_ended_call_is_forgotten_five_minutes_after_its_end(stores, calls):
    before = await opened(stores, call())
    over, same = ended(before, START + MINUTE), op()
    assert await calls.swap(before, over, same) is over
    assert await calls.due(START + 6 * MINUTE - 1) == ()
    assert await calls.load("c_1") == over
    assert await calls.due(START + 6 * MINUTE) == ()
    assert await calls.load("c_1") is None
    assert await calls.swap(before, over, same) is None


async def test_a_call_is_due_at_its_deadline_and_not_before(stores, calls):
    new = await opened(stores, call())
    assert await calls.due(START + RING - 1) == ()
    assert await calls.due(START + RING) == (new,)


async def test_a_due_call_comes_up_again_when_its_taker_fails(stores, calls):
    new = await opened(stores, call())
    at = START + RING
    assert await calls.due(at) == (new,)
    assert await calls.due(at + CLAIM_MS - 1) == ()
    assert await calls.due(at + CLAIM_MS) == (new,)


async def test_a_due_call_that_is_settled_does_not_come_up_again(stores, calls):
    new = await opened(stores, call())
    assert await calls.due(START + RING) == (new,)
    await swapped(stores, new, ended(new, START + RING))
    assert await calls.due(START + RING + CLAIM_MS) == ()


async def test_a_move_moves_the_deadline(stores, calls):
    new = await opened(stores, call())
    taken = await swapped(stores, new, accepted(new))
    assert taken.deadline == START + TIMEOUTS.connect < START + RING
    assert await calls.due(taken.deadline) == (taken,)


async def test_due_calls_come_as_they_stand_now(stores, calls):
    await join(stores, "b1", "b2")
    new = await opened(stores, call())
    after = await swapped(stores, new, silenced(new))
    assert await calls.due(START + RING) == (after,)


async def test_due_calls_come_earliest_first(stores, calls):
    for name, late in [("b", 20), ("a", 10), ("c", 30)]:
        await opened(stores, call(f"from-{name}", f"to-{name}", name=name, now=START + late))
    assert [one.id for one in await calls.due(START + RING + 30)] == ["c_a", "c_b", "c_c"]
