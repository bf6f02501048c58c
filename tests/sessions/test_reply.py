"""An event gets one answer: its acknowledgement, or an `error` event, never both."""

import json

import pytest
from msgspec import Raw

from service.errors import CallEnded, RateLimited
from service.ports import Outcome
from service.sessions.reply import Reply
from service.wire import server_events as told
from service.wire.packets import EVENT, EventPacket

SAID = b'{"callId":"c_1","requestId":"r_1","from":"mallory"}'
RINGING = told.CallRinging(call_id="c_1", by="bob")
FIELDS = {"callId": "c_1", "by": "bob"}


class Written(list[bytes]):
    """A recipient: what went out to it, and the replies that write to it."""

    def emit(self, event: str, payload: bytes) -> None:
        self.append(EVENT % (event.encode(), payload))

    def write(self, packet: bytes) -> None:
        self.append(packet)

    def reply(self, ack: int | None = None, event: str = "call:accept") -> Reply:
        return Reply(self, EventPacket(event, Raw(SAID), ack, 0))

    @property
    def ack(self) -> object:
        """The one acknowledgement, of id 7."""
        (packet,) = self
        assert packet.startswith(b"37[")
        (argument,) = json.loads(packet[2:])
        return argument

    @property
    def event(self) -> tuple[str, object]:
        """The one event."""
        (packet,) = self
        assert packet.startswith(b"2[")
        name, payload = json.loads(packet[1:])
        return name, payload


@pytest.fixture
def written() -> Written:
    return Written()


ENDED = {
    "message": "The call has ended.",
    "code": "call_ended",
    "event": "call:accept",
    "callId": "c_1",
    "requestId": "r_1",
    "retryable": False,
}


def test_a_success_goes_to_the_callback_with_the_fields_of_its_event(written):
    written.reply(7).ok(RINGING)
    assert written.ack == {"ok": True, **FIELDS}


def test_a_success_without_a_callback_is_silent_since_its_events_tell_it(written):
    reply = written.reply()
    reply.ok(RINGING)
    assert written == []
    assert reply.outcome == Outcome(ok=True, event="call:ringing", fields=RINGING.encode())


def test_a_success_that_has_nothing_to_say_is_ok(written):
    written.reply(7).done("user:watch")
    assert written.ack == {"ok": True}


def test_a_failure_goes_to_the_callback_and_is_no_event(written):
    written.reply(7).fail(CallEnded())
    assert written.ack == {"ok": False, "error": ENDED}


def test_a_failure_without_a_callback_is_the_event_error(written):
    written.reply().fail(CallEnded())
    assert written.event == ("error", ENDED)


def test_an_acknowledgement_of_id_0_is_one(written):
    written.reply(0).done("call:end")
    assert written == [b'30[{"ok":true}]']


@pytest.mark.parametrize("ack", [None, 7])
def test_the_first_answer_counts_and_there_is_no_second(written, ack):
    reply = written.reply(ack)
    reply.fail(CallEnded())
    first, as_written = reply.outcome, list(written)
    reply.ok(RINGING)
    reply.done("call:end")
    reply.fail(RateLimited())
    assert reply.outcome == first
    assert written == as_written
    assert len(written) == 1


def test_a_failure_after_a_success_says_nothing(written):
    reply = written.reply()
    reply.ok(RINGING)
    reply.fail(CallEnded())
    assert written == []


def test_an_error_says_when_to_try_again(written):
    Reply(written, EventPacket("call:initiate", None, None, 0)).fail(
        RateLimited(retry_after_ms=1_500)
    )
    assert written.event == (
        "error",
        {
            "message": "Too many requests; slow down.",
            "code": "rate_limited",
            "event": "call:initiate",
            "retryable": True,
            "retryAfterMs": 1_500,
        },
    )


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        (b'{"callId":"c_9"}', {"callId": "c_9"}),
        (b'{"requestId":"r_9","to":5}', {"requestId": "r_9"}),
        (b'{"callId":null,"requestId":null}', {}),
        (b"{}", {}),
        (b"[]", {}),
        (b'"c_9"', {}),
        (b'{"callId":7}', {}),
        (b'{"callId":""}', {}),
        (b'{"callId":"%b"}' % (b"x" * 65), {}),
        (b'{"callId":"\xff"}', {}),
        (b'{"callId":"c_9"', {}),
        (b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", {}),
    ],
)
def test_an_error_names_what_can_be_read_of_the_event(written, payload, names):
    Reply(written, EventPacket("call:end", Raw(payload), None, 0)).fail(CallEnded())
    _, error = written.event
    common = {name: ENDED[name] for name in ("message", "code", "retryable")}
    assert error == {**common, "event": "call:end", **names}


def test_nothing_is_answered_before_it_is_answered(written):
    assert written.reply(7).outcome is None
    assert written == []


SUCCESS = Outcome(ok=True, event="call:ringing", fields=RINGING.encode())
FAILURE = Outcome(ok=False, event="error", fields=json.dumps(ENDED).encode())


def test_a_repeat_gets_the_first_answer_by_the_way_it_asks_for_it(written):
    written.reply(7).repeat(SUCCESS, told=False)
    assert written.ack == {"ok": True, **FIELDS}


def test_a_repeat_without_a_callback_gets_the_event_again(written):
    written.reply().repeat(SUCCESS, told=False)
    assert written.event == ("call:ringing", FIELDS)


@pytest.mark.parametrize("ack", [None, 7])
def test_a_repeat_of_a_failure_is_told_once(written, ack):
    written.reply(ack).repeat(FAILURE, told=False)
    told_as = written.ack if ack else written.event
    assert told_as == ({"ok": False, "error": ENDED} if ack else ("error", ENDED))


def test_what_a_reply_answered_can_be_repeated_to_another(written):
    first = Written().reply(3)
    first.fail(CallEnded())
    assert first.outcome is not None
    written.reply(7).repeat(first.outcome, told=False)
    assert written.ack == {"ok": False, "error": ENDED}
