"""What is kept for a session until its greeting."""

from typing import Any, cast

from service.ports import Identity
from service.session_ref import SessionRef
from service.sessions.session import MOST_HELD, Session


def session_of(written: list[bytes], closed: list[str]) -> Session:
    identity = Identity("alice", None, 2**52)
    session = Session(
        SessionRef("s1", "alice"), identity, written.append, closed.append, cast("Any", None)
    )
    session.hold()
    return session


def test_it_follows_the_greeting_in_order():
    written: list[bytes] = []
    session = session_of(written, [])
    session.emit("a", b"1")
    session.acknowledge(7, b"2")
    session.emit("b", b"3")
    assert written == []
    session.greet("hello", b"{}")
    assert written == [b'2["hello",{}]', b'2["a",1]', b"37[2]", b'2["b",3]']
    session.emit("c", b"4")
    assert written[4:] == [b'2["c",4]']


def test_too_much_of_it_closes_the_session():
    closed: list[str] = []
    session = session_of([], closed)
    session.emit("a", b"1" * (MOST_HELD // 2))
    assert closed == []
    session.emit("a", b"1" * (MOST_HELD // 2))
    assert closed == ["slow"]
