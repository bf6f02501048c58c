"""What the load test's client remembers of a resumable session."""

import pytest

from loadtest.resumable import CONFIRM_EVERY, Hole, Resumable

JOINED = {
    "sessionId": "s_1", "resumeToken": "t1", "socketId": "w1", "epoch": "e1",
    "resumed": "none", "lastN": 0,
}  # fmt: skip


def joined(**fields):
    session = Resumable("alice")
    assert session.joined(JOINED | fields) == []
    return session


def test_the_first_join_asks_for_a_resumable_session():
    first = {"userId": "alice", "features": ["resume"], "epoch": None}
    assert Resumable("alice").joining == first


def test_a_return_names_the_session_and_the_last_event():
    session = joined()
    assert session.hear({"seq": 1})
    returning = {"sessionId": "s_1", "resumeToken": "t1", "epoch": "e1", "lastSeq": 1}
    assert session.joining.items() >= returning.items()


def test_an_event_counts_once_and_none_may_be_missing():
    session = joined()
    assert session.hear(first := {"seq": 1, "callId": "c"})
    assert first == {"callId": "c"}
    assert not session.hear({"seq": 1})
    assert session.hear({"code": "session_replaced"})  # of the connection: it has no number
    with pytest.raises(Hole):
        session.hear({"seq": 3})


def test_what_is_to_be_confirmed_at_once():
    session = joined()
    for seq in range(1, CONFIRM_EVERY):
        session.hear({"seq": seq})
        assert not session.is_to_confirm("ice:candidate")
    assert session.is_to_confirm("call:incoming")
    session.hear({"seq": CONFIRM_EVERY})
    assert session.is_to_confirm("ice:candidate")
    assert session.confirm() == {"epoch": "e1", "seq": CONFIRM_EVERY, "socketId": "w1"}
    assert not session.is_to_confirm("ice:candidate")


@pytest.mark.parametrize(
    ("greeting", "again"),
    [
        ({"resumed": "replayed", "lastN": 1}, ["call:end", "ice:candidate"]),
        ({"resumed": "snapshot", "epoch": "e2"}, ["call:end"]),
        ({"resumed": "none", "sessionId": "s_2", "epoch": "e2"}, []),
    ],
)
def test_what_is_said_again(greeting, again):
    session = joined()
    session.say("call:offer", {})
    done = session.say("call:initiate", {})
    session.say("call:end", {})
    session.say("ice:candidate", {})
    session.answered(done)
    repeated = session.joined(JOINED | greeting)
    assert [said.event for said in repeated] == again
    replayed = greeting["resumed"] == "replayed"
    assert session.say("ice:candidate", {}).payload == {
        "epoch": "e1" if replayed else "e2", "n": 3 if replayed else 1,
    }  # fmt: skip


def test_a_repeated_request_is_the_same():
    session = joined()
    said = session.say("call:end", {"callId": "c"})
    (again,) = session.joined(JOINED | {"resumed": "replayed"})
    assert again.payload == said.payload
    assert again.payload["requestId"]
