"""A session that outlives its connection: what its client is told, and what it relays."""

import asyncio
import json

import pytest
from msgspec import Raw

from service import errors
from service.session_ref import SessionRef
from service.sessions.replay import MOST_EVENTS, ReplayMemory
from service.sessions.resumable_session import READ_AHEAD, ResumableSession
from service.wire.client_events import CallSignal
from service.wire.server_events import UserStatus
from tests.support.attachment import attachment
from tests.support.waiting import until


class Client:
    """Whom one connection writes to."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.closed: list[str] = []
        self.unread = 0
        self.attachment = attachment(
            self.packets.append, self.closed.append, queued=lambda: self.unread
        )

    @property
    def told(self) -> list[tuple[str, int | None]]:
        events = [json.loads(packet[1:]) for packet in self.packets]
        return [(name, payload.get("seq")) for name, payload in events]


def joined(client: Client) -> ResumableSession:
    ref = SessionRef("s1", "alice", resumable=True)
    session = ResumableSession(ref, client.attachment, ReplayMemory(), "token")
    session.greet("joined", b'{"a":1}')
    return session


def emit(session: ResumableSession, count: int = 1) -> None:
    for _ in range(count):
        session.emit("event", b'{"a":1}')


async def test_the_greeting_has_no_number_and_what_follows_has():
    client = Client()
    ref = SessionRef("s1", "alice", resumable=True)
    session = ResumableSession(ref, client.attachment, ReplayMemory(), "token")
    session.hold()
    emit(session)
    assert client.packets == []
    session.greet("joined", b'{"a":1}')
    emit(session)
    assert client.told == [("joined", None), ("event", 1), ("event", 2)]


async def test_what_a_client_missed_follows_the_next_greeting_each_once():
    first, second = Client(), Client()
    session = joined(first)
    emit(session, 3)
    session.detach()
    emit(session, 2)
    assert len(first.packets) == 4
    session.attach(second.attachment, 2)
    emit(session)
    session.greet("joined", b'{"a":1}')
    emit(session)
    assert second.told == [("joined", None), *(("event", seq) for seq in (3, 4, 5, 6, 7))]


async def test_behind_a_new_epoch_nothing_comes_from_the_old_one():
    first, second = Client(), Client()
    session = joined(first)
    emit(session, 3)
    epoch = session.replay.epoch
    session.detach()
    session.attach(second.attachment, None)
    emit(session)
    session.greet("joined", b'{"a":1}')
    assert second.told == [("joined", None), ("event", 1)]
    assert session.replay.epoch != epoch


async def test_of_each_user_the_last_status_is_told_behind_what_was_kept():
    first, second = Client(), Client()
    session = joined(first)
    session.detach()
    for user, is_online in (("bob", True), ("carol", True), ("bob", False)):
        status = UserStatus(user_id=user, is_online=is_online, is_in_call=False, last_seen_at=None)
        session.emit(status.event, status.encode())
    emit(session, MOST_EVENTS)
    session.attach(second.attachment, 0)
    session.greet("joined", b'{"a":1}')
    *_, bob, carol = [json.loads(packet[1:]) for packet in second.packets]
    assert [bob[1]["userId"], bob[1]["isOnline"], bob[1]["seq"]] == ["bob", False, MOST_EVENTS + 1]
    assert [carol[1]["userId"], carol[1]["seq"]] == ["carol", MOST_EVENTS + 2]


async def test_what_comes_after_its_end_is_not_kept():
    memory = ReplayMemory()
    ref = SessionRef("s1", "alice", resumable=True)
    session = ResumableSession(ref, Client().attachment, memory, "token")
    session.greet("joined", b'{"a":1}')
    session.detach()
    emit(session)
    session.end()
    emit(session)
    assert (memory.size, len(memory)) == (0, 0)


async def test_a_replay_goes_as_fast_as_the_client_reads():
    first, slow = Client(), Client()
    session = joined(first)
    session.detach()
    emit(session, 3)
    slow.unread = READ_AHEAD + 1
    session.attach(slow.attachment, 0)
    session.greet("joined", b'{"a":1}')
    emit(session)
    assert slow.told == [("joined", None)]
    slow.unread = 0
    await until(lambda: len(slow.packets) == 5)
    emit(session)
    assert slow.told[1:] == [("event", seq) for seq in range(1, 6)]


async def test_who_reads_so_slowly_that_a_hole_would_follow_is_closed():
    first, slow = Client(), Client()
    session = joined(first)
    session.detach()
    emit(session, 3)
    slow.unread = READ_AHEAD + 1
    session.attach(slow.attachment, 0)
    session.greet("joined", b'{"a":1}')
    emit(session, MOST_EVENTS)
    slow.unread = 0
    await until(lambda: slow.closed == ["slow"])
    assert slow.told == [("joined", None)]


async def test_a_replay_ends_with_its_connection():
    first, slow, third = Client(), Client(), Client()
    session = joined(first)
    session.detach()
    emit(session)
    slow.unread = READ_AHEAD + 1
    session.attach(slow.attachment, 0)
    session.greet("joined", b'{"a":1}')
    session.detach()
    session.attach(third.attachment, 0)
    session.greet("joined", b'{"a":1}')
    slow.unread = 0
    await asyncio.sleep(0.1)
    assert slow.told == [("joined", None)]
    assert third.told == [("joined", None), ("event", 1)]


async def test_it_is_told_when_the_client_has_an_event():
    session = joined(Client())
    arrived: list[int] = []
    emit(session)
    session.arrived(lambda: arrived.append(1))
    emit(session)
    session.arrived(lambda: arrived.append(2))
    session.confirm("another epoch", 2)
    assert arrived == []
    session.confirm(session.replay.epoch, 1)
    assert arrived == [1]
    session.detach()
    session.attach(Client().attachment, 2)
    assert arrived == [1, 2]


async def test_what_its_old_home_forwards_before_it_has_adopted_the_rest_comes_behind_that():
    old, new = joined(Client()), joined(Client())
    emit(old, 2)
    new.detach()
    new.expect()
    kept = old.hand_over(lambda _event, _payload: None, (), ())
    for epoch, name in ((kept.epoch, "forwarded"), ("of-before", "void")):
        new.forwarded(epoch, name, b'{"a":1}')
    new.emit("direct", b'{"a":1}')
    new.adopt(kept)
    new.forwarded(kept.epoch, "later", b'{"a":1}')
    new.forwarded("of-before", "void", b'{"a":1}')
    told = [json.loads(packet[1:]) for packet in new.replay.kept()]
    names = ["event", "event", "forwarded", "direct", "later"]
    assert [(name, one["seq"]) for name, one in told] == [*zip(names, range(1, 6), strict=True)]


async def test_what_is_forwarded_to_one_that_was_handed_on_goes_on_to_its_home():
    session, told = joined(Client()), []
    kept = session.hand_over(lambda event, _payload: told.append(event), (), ())
    session.forwarded(kept.epoch, "late", b'{"a":1}')
    session.forwarded("of-before", "void", b'{"a":1}')
    assert told == ["late"]


def signal(epoch: str | None, n: int | None) -> CallSignal:
    return CallSignal(call_id="c1", data=Raw(b"1"), epoch=epoch, n=n)


async def test_relays_are_taken_in_their_order_each_once():
    session = joined(Client())
    epoch = session.replay.epoch
    for missing in (signal(None, 1), signal(epoch, None)):
        with pytest.raises(errors.InvalidPayload):
            session.expects(missing)
    assert session.expects(signal(epoch, 1))
    session.took(signal(epoch, 1))
    assert not session.expects(signal(epoch, 1))
    assert not session.expects(signal("another", 2))
    with pytest.raises(errors.InvalidState) as refused:
        session.expects(signal(epoch, 3))
    assert refused.value.last_n == 1
    session.took(signal(epoch, 3))
    session.took(signal("another", 2))
    assert session.last_n == 1


async def test_an_event_in_hand_that_takes_too_long_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("service.sessions.resumable_session.FENCED_WITHIN_S", 0.05)
    ref = SessionRef("s1", "alice", resumable=True)
    busy = attachment(fence=asyncio.Event().wait)  # type: ignore[arg-type]
    session = ResumableSession(ref, busy, ReplayMemory(), "token")
    assert not await session.fence()
    assert await joined(Client()).fence()
