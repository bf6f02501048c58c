"""Who is online (ports.SessionStore), and first answers (ports.AnswerStore)."""

import pytest

from service.ports import Answer, SessionRef
from service.stores import memory
from service.stores.answers import MOST_BYTES, MOST_OF_A_USER, REMEMBER_MS, MemoryAnswers
from service.stores.memory import MemorySessions

NOW = 1_795_000_000_000
MOST = 10


def ref(name: str, user: str = "alice") -> SessionRef:
    return SessionRef(id=f"s_{name}", user=user)


@pytest.fixture
def sessions() -> MemorySessions:
    return MemorySessions()


async def test_a_users_sessions_oldest_first(sessions):
    for name in ("b", "a", "c"):
        assert await sessions.add(ref(name), MOST)
    assert await sessions.of("alice") == (ref("b"), ref("a"), ref("c"))
    assert await sessions.of("bob") == ()


async def test_a_session_is_kept_as_it_was_told(sessions):
    told = SessionRef(id="s_1", user="alice", device="phone", resumable=True)
    await sessions.add(told, MOST)
    assert await sessions.of("alice") == (told,)


async def test_ten_sessions_and_no_eleventh(sessions):
    for name in range(MOST):
        assert await sessions.add(ref(str(name)), MOST)
    assert not await sessions.add(ref("one more"), MOST)
    assert len(await sessions.of("alice")) == MOST
    assert await sessions.add(ref("bobs", "bob"), MOST)


async def test_one_that_goes_makes_room(sessions):
    for name in range(MOST):
        await sessions.add(ref(str(name)), MOST)
    await sessions.remove(ref("3"), NOW)
    assert await sessions.add(ref("new"), MOST)


async def test_a_user_is_last_seen_when_the_last_session_goes(sessions):
    await sessions.add(ref("1"), MOST)
    await sessions.add(ref("2"), MOST)
    await sessions.remove(ref("1"), NOW)
    assert await sessions.last_seen("alice") is None
    await sessions.remove(ref("2"), NOW + 5)
    assert await sessions.last_seen("alice") == NOW + 5
    assert await sessions.of("alice") == ()


async def test_an_online_user_was_not_last_seen(sessions):
    await sessions.add(ref("1"), MOST)
    await sessions.remove(ref("1"), NOW)
    await sessions.add(ref("2"), MOST)
    assert await sessions.last_seen("alice") is None


async def test_forgetting_twice_is_once(sessions):
    await sessions.add(ref("1"), MOST)
    await sessions.remove(ref("1"), NOW)
    await sessions.remove(ref("1"), NOW + 9)
    await sessions.remove(ref("never"), NOW + 9)
    assert await sessions.last_seen("alice") == NOW


async def test_a_stranger_was_never_seen(sessions):
    await sessions.remove(ref("1", "carol"), NOW)
    assert await sessions.last_seen("carol") is None


async def test_users_online_are_counted(sessions):
    for session in (ref("1"), ref("2"), ref("3", "bob")):
        await sessions.add(session, MOST)
    assert len(sessions) == 2
    await sessions.remove(ref("3", "bob"), NOW)
    assert len(sessions) == 1


async def test_the_longest_absent_are_forgotten_first(sessions, monkeypatch):
    monkeypatch.setattr(memory, "REMEMBER_SEEN", 2)
    for at, user in enumerate(["alice", "bob", "alice", "carol"]):
        session = ref(str(at), user)
        await sessions.add(session, MOST)
        await sessions.remove(session, NOW + at)
    seen = {user: await sessions.last_seen(user) for user in ("alice", "bob", "carol")}
    assert seen == {"alice": NOW + 2, "bob": None, "carol": NOW + 3}


KEY = ("alice", "call:initiate", "r_1")
ANSWER = Answer(ok=True, event="call:initiated", fields=b'{"callId":"c_1"}')


@pytest.fixture
def answers() -> MemoryAnswers:
    return MemoryAnswers()


async def test_a_first_answer_is_recalled_for_two_minutes(answers):
    await answers.remember(KEY, ANSWER, NOW)
    assert await answers.recall(KEY, NOW + REMEMBER_MS - 1) == ANSWER
    assert await answers.recall(KEY, NOW + REMEMBER_MS) is None
    assert REMEMBER_MS == 120_000


@pytest.mark.parametrize(
    "other",
    [
        ("bob", "call:initiate", "r_1"),
        ("alice", "call:end", "r_1"),
        ("alice", "call:initiate", "r_2"),
    ],
)
async def test_an_answer_is_for_one_user_one_event_and_one_request(answers, other):
    await answers.remember(KEY, ANSWER, NOW)
    assert await answers.recall(other, NOW) is None


async def test_recalling_does_not_prolong(answers):
    await answers.remember(KEY, ANSWER, NOW)
    for passed in range(0, REMEMBER_MS, 30_000):
        assert await answers.recall(KEY, NOW + passed) == ANSWER
    assert await answers.recall(KEY, NOW + REMEMBER_MS) is None


async def test_a_new_answer_after_the_old_one_expired_has_its_own_two_minutes(answers):
    await answers.remember(KEY, ANSWER, NOW)
    failure = Answer(ok=False, event="error", fields=b"{}")
    later = NOW + REMEMBER_MS
    await answers.remember(KEY, failure, later)
    assert await answers.recall(KEY, later + REMEMBER_MS - 1) == failure


async def test_what_expired_is_let_go_though_nobody_asks(answers):
    for name in range(100):
        await answers.remember(("alice", "call:end", str(name)), ANSWER, NOW + name)
    assert len(answers) == 100
    await answers.forget_old(NOW + REMEMBER_MS + 49)
    assert len(answers) == 50
    await answers.forget_old(NOW + REMEMBER_MS + 99)
    assert len(answers) == 0


async def test_of_many_answers_of_a_user_the_oldest_are_forgotten(answers):
    await answers.remember(("bob", *KEY[1:]), ANSWER, NOW)
    for name in range(MOST_OF_A_USER + 5):
        await answers.remember(("alice", "call:end", str(name)), ANSWER, NOW)
    assert len(answers) == MOST_OF_A_USER + 1
    recalled = [await answers.recall(("alice", "call:end", str(name)), NOW) for name in range(6)]
    assert recalled == [None] * 5 + [ANSWER]
    assert await answers.recall(("bob", *KEY[1:]), NOW) == ANSWER


async def test_of_many_bytes_the_oldest_are_forgotten_whosever_they_are(answers):
    large = Answer(ok=True, event="call:initiated", fields=b" " * (MOST_BYTES // 10))
    for name in range(12):
        await answers.remember((f"user-{name}", *KEY[1:]), large, NOW)
    assert len(answers) == 9
    assert await answers.recall(("user-2", *KEY[1:]), NOW) is None
    assert await answers.recall(("user-3", *KEY[1:]), NOW) == large


async def test_an_answer_that_is_replaced_is_counted_once(answers):
    for _ in range(MOST_OF_A_USER + 1):
        await answers.remember(KEY, ANSWER, NOW)
    await answers.remember(("alice", "call:end", "r_2"), ANSWER, NOW)
    assert len(answers) == 2
    await answers.forget_old(NOW + REMEMBER_MS)
    assert len(answers) == 0
