"""Events by their numbers: what is kept for a client, and for how long."""

import json

from hypothesis import given
from hypothesis import strategies as st

from service.sessions.replay import MOST_BYTES, MOST_EVENTS, Replay, ReplayMemory


def emitted(replay: Replay, count: int = 1, size: int = 1) -> None:
    for _ in range(count):
        replay.number("event", b'{"a":"%b"}' % (b"x" * size))


def test_an_event_has_its_number_last_in_its_payload():
    replay = Replay(ReplayMemory())
    emitted(replay)
    assert json.loads(replay.number("event", b'{"a":1}')[1:]) == ["event", {"a": 1, "seq": 2}]


def test_what_is_confirmed_is_let_go_and_the_rest_can_be_had_again():
    memory = ReplayMemory()
    replay = Replay(memory)
    emitted(replay, 5)
    replay.confirm(3)
    assert (replay.floor, replay.seq) == (3, 5)
    assert b'"seq":4' in replay.at(4)
    assert [replay.has_all_after(seq) for seq in (2, 3, 5, 6)] == [False, True, True, False]
    replay.confirm(2)
    replay.confirm(9)  # it cannot have that
    assert replay.floor == 3
    replay.confirm(5)
    assert (replay.size, memory.size, len(memory)) == (0, 0, 0)


def test_of_too_many_events_the_oldest_go():
    replay = Replay(ReplayMemory())
    emitted(replay, MOST_EVENTS + 3)
    assert replay.floor == 3


def test_of_too_many_bytes_the_oldest_go():
    replay = Replay(ReplayMemory())
    emitted(replay, 6, MOST_BYTES // 5)
    assert replay.size <= MOST_BYTES
    assert replay.floor == 2
    emitted(replay, 1, MOST_BYTES)  # one that is too large by itself is not kept either
    assert (replay.floor, replay.size) == (7, 0)


def test_a_new_epoch_begins_with_nothing():
    replay = Replay(ReplayMemory())
    emitted(replay, 2)
    before = replay.epoch
    replay.begin_anew()
    assert replay.epoch != before
    assert (replay.seq, replay.size, replay.has_all_after(0)) == (0, 0, True)


def test_where_all_keep_too_much_those_that_keep_most_let_go():
    memory = ReplayMemory(100_000)
    large, small = Replay(memory), Replay(memory)
    emitted(small, 1, 10_000)
    emitted(large, 8, 10_000)
    assert large.floor == 0
    emitted(small, 1, 10_000)
    assert (large.floor, large.size) == (8, 0)
    assert small.floor == 0
    assert memory.size == small.size


def test_presence_counts_for_the_node_and_not_for_the_session():
    memory = ReplayMemory()
    replay = Replay(memory)
    emitted(replay, 1, MOST_BYTES - 1_000)
    before = replay.size
    for user in ("bob", "carol", "bob"):
        replay.note(user, b"x" * 1_000)
    assert replay.floor == 0
    assert memory.size == replay.size > before + 2_000
    assert [user for user, _ in replay.noted()] == ["bob", "carol"]
    replay.note("bob", b"x")
    assert memory.size == replay.size < before + 2_000
    replay.forget_noted()
    assert (memory.size, replay.size, replay.noted()) == (before, before, ())
    replay.note("bob", b"x")
    replay.forget()
    assert (memory.size, len(memory), replay.noted()) == (0, 0, ())


def test_presence_that_is_let_go_for_want_of_memory_is_missed_as_an_event_is():
    memory = ReplayMemory(100_000)
    large, small = Replay(memory), Replay(memory)
    emitted(large)
    large.confirm(1)
    for user in range(9):
        large.note(str(user), b"x" * 10_000)
    assert large.has_all_after(1)
    emitted(small, 1, 10_000)
    assert (large.size, large.noted(), large.has_all_after(1)) == (0, (), False)
    assert memory.size == small.size


@given(st.lists(st.tuples(st.sampled_from("ec"), st.integers(0, 40)), max_size=60))
def test_what_it_says_that_it_has_it_has(steps: list[tuple[str, int]]):
    memory = ReplayMemory(2_000)
    replay = Replay(memory)
    for kind, value in steps:
        if kind == "e":
            emitted(replay, 1, value * 20)
        else:
            replay.confirm(value)
        for seq in range(replay.floor + 1, replay.seq + 1):
            assert b'"seq":%d}]' % seq in replay.at(seq)
        assert memory.size == replay.size <= 2_000
