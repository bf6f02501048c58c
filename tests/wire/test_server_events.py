"""Every event of the server, as the whole JSON that a client gets (docs/protocol.md)."""

import json
from typing import Any, get_args

import pytest
from msgspec import Raw

from service import errors
from service.calls import effects
from service.calls.call import Call, CallType, MediaState, State
from service.calls.reasons import Reason
from service.ports import IceServer, IceServers
from service.session_ref import SessionRef
from service.signalling.relay import payloads_of
from service.wire import server_events as told
from service.wire.client_events import CallAnswer, CallOffer, CallSignal, IceCandidate
from service.wire.server_events import ServerEvent, encode_message, ice_fields

ICE = ice_fields(
    IceServers(
        (
            IceServer(("stun:turn.example.org:3478",)),
            IceServer(("turn:turn.example.org:3478",), "1795000000:bob", "secret="),
        ),
        "all",
        14_400,
        1_795_014_400_000,
    )
)
ICE_JSON = {
    "iceServers": [
        {"urls": ["stun:turn.example.org:3478"]},
        {
            "urls": ["turn:turn.example.org:3478"],
            "username": "1795000000:bob",
            "credential": "secret=",
        },
    ],
    "iceTransportPolicy": "all",
    "iceExpiresAt": 1_795_014_400_000,
}
CALL_ID, UUID = "c_Xw6htH08ToabLxyo2QNy5Q", "5f0ea1b4-7d3c-4e86-9b2f-1ca8d90372e5"
CALL = Call(
    id=CALL_ID,
    type=CallType.VIDEO,
    caller="alice",
    caller_session="s_1",
    callee="bob",
    created_at=1_795_000_000_000,
    deadline=1_795_000_045_000,
)
PAYLOAD = Raw(b'{ "sdp" : "v=0\\r\\n" }')
READ = {"sdp": "v=0\r\n"}
CALL_JSON = {
    "callId": CALL_ID,
    "uuid": UUID,
    "callType": "video",
    "state": "initiating",
    "expiresAt": 1_795_000_045_000,
}
STARTING: dict[str, Any] = {
    "call_id": CALL_ID,
    "uuid": UUID,
    "call_type": CallType.VIDEO,
    "state": State.INITIATING,
    "expires_at": 1_795_000_045_000,
    "expires_in_ms": 45_000,
    **ICE,
}
STARTING_JSON = {**CALL_JSON, "expiresInMs": 45_000, **ICE_JSON}

HELD_JSON = {"generation": 0, "moves": 0, "bound": "this"}

TABLE: list[tuple[ServerEvent, str, dict[str, Any]]] = [
    (
        told.UserJoined(
            user_id="alice",
            socket_id="k_1",
            session_id="s_1",
            resume_token=None,
            resume_window_ms=30_000,
            resumed="none",
            last_n=0,
            calls=(
                told.LiveCall.of(CALL, 1_795_000_000_000, SessionRef(CALL.caller_session, "alice")),
            ),
            **ICE,
        ),
        "user:joined",
        {
            "userId": "alice",
            "socketId": "k_1",
            "sessionId": "s_1",
            "resumeToken": None,
            "resumeWindowMs": 30_000,
            "resumed": "none",
            "lastN": 0,
            "calls": [
                {**CALL_JSON, "expiresInMs": 45_000, "from": "alice", "to": "bob", **HELD_JSON}
            ],
            **ICE_JSON,
        },
    ),
    (told.IceServersRenewed(**ICE), "ice:servers", ICE_JSON),
    (
        told.CallInitiated(to="bob", **STARTING),
        "call:initiated",
        {"to": "bob", **STARTING_JSON},
    ),
    (
        told.CallIncoming(from_="alice", from_name="Alice", metadata=Raw(b'{"a" : 1}'), **STARTING),
        "call:incoming",
        {"from": "alice", "fromName": "Alice", "metadata": {"a": 1}, **STARTING_JSON},
    ),
    (
        told.CallIncoming(from_="alice", **STARTING),
        "call:incoming",
        {"from": "alice", **STARTING_JSON},
    ),
    (
        told.CallRinging(call_id="c_1", by="bob"),
        "call:ringing",
        {"callId": "c_1", "by": "bob"},
    ),
    (
        told.CallAccepted(call_id="c_1", by="bob"),
        "call:accepted",
        {"callId": "c_1", "by": "bob"},
    ),
    (
        told.CallAccepted(call_id="c_1", by="bob", generation=0),
        "call:accepted",
        {"callId": "c_1", "by": "bob", "generation": 0},
    ),
    (
        told.GlareAccepted(call_id="c_1", by="bob", glare=True, role="callee"),
        "call:accepted",
        {"callId": "c_1", "by": "bob", "glare": True, "role": "callee"},
    ),
    (
        told.CallRejected(call_id="c_1", by="bob", reason=Reason.BUSY),
        "call:rejected",
        {"callId": "c_1", "by": "bob", "reason": "busy"},
    ),
    (
        told.CallEnded(call_id="c_1", by="bob", reason=Reason.COMPLETED, duration_ms=1_500),
        "call:ended",
        {"callId": "c_1", "by": "bob", "reason": "completed", "durationMs": 1_500},
    ),
    (
        told.CallEnded(call_id="c_1", by=None, reason=Reason.NO_ANSWER, duration_ms=0),
        "call:ended",
        {"callId": "c_1", "by": None, "reason": "no_answer", "durationMs": 0},
    ),
    (
        told.CallMedia(call_id="c_1", by="bob", state=MediaState.FAILED),
        "call:media",
        {"callId": "c_1", "by": "bob", "state": "failed"},
    ),
    (
        told.CallPeerReconnecting(call_id="c_1", by="bob"),
        "call:peer-reconnecting",
        {"callId": "c_1", "by": "bob"},
    ),
    (
        told.CallPeerReconnected(
            call_id="c_1", by="bob", resumed="replayed", fresh=False, generation=0
        ),
        "call:peer-reconnected",
        {"callId": "c_1", "by": "bob", "resumed": "replayed", "fresh": False, "generation": 0},
    ),
    (
        told.CallMoved(call_id="c_1", by="bob", generation=1),
        "call:moved",
        {"callId": "c_1", "by": "bob", "generation": 1},
    ),
    (
        told.CallPeerMoved(call_id="c_1", by="bob", generation=1),
        "call:peer-moved",
        {"callId": "c_1", "by": "bob", "generation": 1},
    ),
    (told.CallsChanged(calls=()), "calls:changed", {"calls": []}),
    (
        told.UserStatus(user_id="bob", is_online=True, is_in_call=False, last_seen_at=None),
        "user:status",
        {"userId": "bob", "isOnline": True, "isInCall": False, "lastSeenAt": None},
    ),
    (
        told.AuthExpiring(expires_at=1_795_000_000_000),
        "auth:expiring",
        {"expiresAt": 1_795_000_000_000},
    ),
    (
        told.AuthRefreshed(expires_at=1_795_000_000_000),
        "auth:refreshed",
        {"expiresAt": 1_795_000_000_000},
    ),
    (
        told.Error.of(errors.CallEnded(), "call:accept", "c_1", "r_1"),
        "error",
        {
            "message": "The call has ended.",
            "code": "call_ended",
            "event": "call:accept",
            "callId": "c_1",
            "requestId": "r_1",
            "retryable": False,
        },
    ),
    (
        told.Error.of(
            errors.RateLimited(scope="events", retry_after_ms=0), "call:initiate", None, None
        ),
        "error",
        {
            "message": "Too many requests; slow down.",
            "code": "rate_limited",
            "event": "call:initiate",
            "retryable": True,
            "retryAfterMs": 0,
        },
    ),
]


@pytest.mark.parametrize(("event", "name", "fields"), TABLE)
def test_an_event_is_exactly_these_fields(event, name, fields):
    assert event.event == name
    assert json.loads(event.encode()) == fields


def test_every_event_is_in_the_table():
    kinds, shown = set(), {type(event) for event, _, _ in TABLE}
    unseen = [ServerEvent]
    while unseen:
        kind = unseen.pop()
        unseen += kind.__subclasses__()
        if hasattr(kind, "event") and kind.__module__ == told.__name__:
            kinds.add(kind)
    assert kinds == shown


def test_metadata_goes_out_as_it_came_in():
    incoming = told.CallIncoming(from_="alice", metadata=Raw(b'{"a" : 1.0 }'), **STARTING)
    assert b'"metadata":{"a" : 1.0 }' in incoming.encode()


MESSAGES: list[tuple[effects.Message, ServerEvent]] = [
    (effects.CallRinging("c_1", "bob"), told.CallRinging(call_id="c_1", by="bob")),
    (effects.CallAccepted("c_1", "bob"), told.CallAccepted(call_id="c_1", by="bob")),
    (
        effects.CallAccepted("c_1", "bob", 2),
        told.CallAccepted(call_id="c_1", by="bob", generation=2),
    ),
    (
        effects.CallRejected("c_1", "bob", Reason.REJECTED),
        told.CallRejected(call_id="c_1", by="bob", reason=Reason.REJECTED),
    ),
    (
        effects.CallEnded("c_1", None, Reason.NO_ANSWER, 5),
        told.CallEnded(call_id="c_1", by=None, reason=Reason.NO_ANSWER, duration_ms=5),
    ),
    (
        effects.CallMedia("c_1", "bob", MediaState.CONNECTED),
        told.CallMedia(call_id="c_1", by="bob", state=MediaState.CONNECTED),
    ),
    (
        effects.CallPeerReconnecting("c_1", "bob"),
        told.CallPeerReconnecting(call_id="c_1", by="bob"),
    ),
    (
        effects.CallPeerReconnected("c_1", "bob", "snapshot", fresh=True, generation=1),
        told.CallPeerReconnected(
            call_id="c_1", by="bob", resumed="snapshot", fresh=True, generation=1
        ),
    ),
    (
        effects.CallMoved("c_1", "bob", 1),
        told.CallMoved(call_id="c_1", by="bob", generation=1),
    ),
    (
        effects.CallPeerMoved("c_1", "bob", 1),
        told.CallPeerMoved(call_id="c_1", by="bob", generation=1),
    ),
]


def test_every_message_of_the_machine_has_a_form():
    assert {type(message) for message, _ in MESSAGES} == set(get_args(effects.Message))


@pytest.mark.parametrize(("message", "event"), MESSAGES)
def test_a_message_of_the_machine_is_the_event_of_its_name(message, event):
    assert encode_message(message) == (event.event, event.encode())


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (CallOffer(offer=PAYLOAD), {"offer": READ, "callType": "video"}),
        (CallAnswer(answer=PAYLOAD), {"answer": READ}),
        (CallSignal(call_id="c_1", data=PAYLOAD), {"data": READ}),
        (IceCandidate(candidate=PAYLOAD), {"candidate": READ}),
        (IceCandidate(candidate=Raw(b"null")), {"candidate": None}),
    ],
)
def test_a_relayed_payload_goes_byte_for_byte_and_says_whose_it_is(message, told):
    (out,) = payloads_of(message, 'al"ice', CALL)
    assert json.loads(out) == {**told, "from": 'al"ice', "callId": CALL_ID}
    assert told.get("candidate", READ) is None or bytes(PAYLOAD) in out


def test_candidates_that_came_together_are_told_one_by_one():
    message = IceCandidate(candidates=[Raw(b'{"n":1}'), Raw(b"null")])
    assert [json.loads(out)["candidate"] for out in payloads_of(message, "alice", CALL)] == [
        {"n": 1},
        None,
    ]
