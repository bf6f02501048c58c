"""Where resumable sessions are at home, and which tokens take them up again."""

import pytest

from service.errors import Forbidden
from service.ports import SessionStore
from service.session_ref import SessionRef
from service.sessions.resume_tokens import hashed

PHONE = SessionRef("s1", "alice", "one", "phone", resumable=True)
FIRST, SECOND, THIRD, FOURTH = (hashed(token) for token in ("1", "2", "3", "4"))


@pytest.fixture(autouse=True)
async def added(sessions: SessionStore) -> None:
    await sessions.add(PHONE, FIRST)


async def test_who_takes_it_learns_its_home_and_is_its_home(sessions: SessionStore):
    assert await sessions.take("s1", "alice", FIRST, SECOND, "two") == PHONE
    assert await sessions.take("s1", "alice", FIRST, THIRD, "one") == PHONE._replace(node="two")


async def test_its_home_stays_where_nobody_names_another(sessions: SessionStore):
    assert await sessions.take("s1", "alice", FIRST, SECOND, None) == PHONE
    assert await sessions.take("s1", "alice", FIRST, SECOND, "two") == PHONE


async def test_two_lost_replies_lock_nobody_out(sessions: SessionStore):
    for lost in (SECOND, THIRD, FOURTH):
        assert await sessions.take("s1", "alice", FIRST, lost, "one")
    assert await sessions.take("s1", "alice", FOURTH, SECOND, "one")


@pytest.mark.parametrize("used", [SECOND, FIRST])
async def test_the_token_that_was_used_and_the_newest_are_good(sessions: SessionStore, used: bytes):
    await sessions.take("s1", "alice", FIRST, SECOND, "one")
    await sessions.take("s1", "alice", used, THIRD, "one")
    with pytest.raises(Forbidden):
        await sessions.take("s1", "alice", FIRST if used is SECOND else SECOND, FOURTH, "one")
    assert await sessions.take("s1", "alice", used, FOURTH, "one")


async def test_once_the_newest_is_confirmed_no_other_is_good(sessions: SessionStore):
    await sessions.take("s1", "alice", FIRST, SECOND, "one")
    await sessions.confirm("s1", FIRST)  # it is not the newest: that changes nothing
    await sessions.confirm("s1", SECOND)
    with pytest.raises(Forbidden):
        await sessions.take("s1", "alice", FIRST, THIRD, "one")
    assert await sessions.take("s1", "alice", SECOND, THIRD, "one")


@pytest.mark.parametrize(("user", "token"), [("bob", FIRST), ("alice", SECOND)])
async def test_a_stranger_takes_nothing_and_changes_nothing(
    sessions: SessionStore, user: str, token: bytes
):
    with pytest.raises(Forbidden):
        await sessions.take("s1", user, token, THIRD, "two")
    assert await sessions.take("s1", "alice", FIRST, SECOND, "one") == PHONE


async def test_what_is_not_there_is_taken_by_nobody(sessions: SessionStore):
    await sessions.remove("s1")
    await sessions.remove("s1")
    await sessions.confirm("s1", FIRST)
    assert await sessions.take("s1", "alice", FIRST, SECOND, "one") is None


async def test_a_token_that_is_issued_takes_the_place_of_the_newest(sessions: SessionStore):
    await sessions.take("s1", "alice", FIRST, SECOND, "one")
    assert await sessions.issue("s1", "alice", THIRD)
    with pytest.raises(Forbidden):
        await sessions.take("s1", "alice", SECOND, FOURTH, "one")
    assert await sessions.take("s1", "alice", FIRST, FOURTH, "one"), "what was confirmed is good"
    assert await sessions.issue("s1", "alice", THIRD)
    assert await sessions.take("s1", "alice", THIRD, FOURTH, "two") == PHONE


@pytest.mark.parametrize(("session", "user"), [("s2", "alice"), ("s1", "eve")])
async def test_no_token_is_issued_for_what_is_not_there(
    sessions: SessionStore, session: str, user: str
):
    assert not await sessions.issue(session, user, SECOND)
    with pytest.raises(Forbidden):
        await sessions.take("s1", "alice", SECOND, THIRD, "one")
