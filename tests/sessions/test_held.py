"""What is kept for a session until its greeting."""

from service.session_ref import SessionRef
from service.sessions.session import MOST_HELD, Session
from tests.support.attachment import attachment


def session_of(written: list[bytes], closed: list[str]) -> Session:
    session = Session(SessionRef("s1", "alice"), attachment(written.append, closed.append))
    session.hold()
    return session


def test_it_follows_the_greeting_in_order():
    written: list[bytes] = []
    session = session_of(written, [])
    session.emit("a", b"1")
    session.emit("b", b"3")
    assert written == []
    session.greet("hello", b"{}")
    assert written == [b'2["hello",{}]', b'2["a",1]', b'2["b",3]']
    session.emit("c", b"4")
    assert written[3:] == [b'2["c",4]']


def test_too_much_of_it_closes_the_session():
    closed: list[str] = []
    session = session_of([], closed)
    session.emit("a", b"1" * (MOST_HELD // 2))
    assert closed == []
    session.emit("a", b"1" * (MOST_HELD // 2))
    assert closed == ["slow"]
