"""Which fields each client event has: needed, optional, ill-typed, unknown."""

import json

import msgspec
import pytest
from msgspec import UNSET

from service import errors
from service.calls.call import CallType, MediaPath, MediaState
from service.wire import client_events as said_types
from service.wire.client_events import ClientEvent, ControlEvent, MediaStats
from service.wire.decoding import EVENTS, decode
from tests.wire.saying import CONTROL, GOOD, RELAYS, raw, refused, refused_field, said

REQUIRED = [
    (event, field) for event, fields in GOOD.items() for field in fields if field != "candidate"
]
STRINGS = [
    ("user:join", "userId"),
    ("user:join", "deviceId"),
    ("auth:refresh", "token"),
    ("call:initiate", "to"),
    ("call:initiate", "callType"),
    ("call:accept", "callId"),
    ("call:reject", "callId"),
    ("call:reject", "reason"),
    ("call:reject", "scope"),
    ("call:end", "callId"),
    ("call:end", "reason"),
    ("call:offer", "to"),
    ("call:offer", "callId"),
    ("call:media", "state"),
    ("user:status", "userId"),
    *((event, "requestId") for event in CONTROL),
]


def test_there_is_an_example_of_every_event():
    assert set(GOOD) == EVENTS == {kind.event for kind in said_types.ALL}


@pytest.mark.parametrize("event", GOOD)
def test_an_event_needs_its_fields_and_no_others(event):
    decoded = said(event)
    assert isinstance(decoded, ClientEvent)
    assert decoded.event == event


@pytest.mark.parametrize(("event", "field"), REQUIRED)
def test_a_missing_field_is_named(event, field):
    fields = {name: value for name, value in GOOD[event].items() if name != field}
    assert f"`{field}`" in refused(event, json.dumps(fields))


@pytest.mark.parametrize(("event", "field"), STRINGS)
@pytest.mark.parametrize("wrong", [7.5, True, ["x"], {"x": 1}])
def test_an_ill_typed_field_is_named(event, field, wrong):
    assert refused_field(event, **{field: wrong}).startswith(f"{event}: {field}: Expected ")


@pytest.mark.parametrize("event", GOOD)
@pytest.mark.parametrize("payload", ["[]", '"alice"', "7", "null", "true"])
def test_a_payload_that_is_no_object_is_refused(event, payload):
    assert refused(event, payload).startswith(f"{event}: Expected `object`, got ")


@pytest.mark.parametrize("event", GOOD)
def test_no_payload_at_all_is_refused(event):
    with pytest.raises(errors.InvalidPayload, match=f"^{event} needs an object"):
        decode(event, None)


@pytest.mark.parametrize("event", GOOD)
def test_unknown_fields_are_ignored(event):
    more = {"from": "mallory", "ackId": "x", "extra": {"deep": [1, None]}}
    assert _values(said(event, **more)) == _values(said(event))


@pytest.mark.parametrize("event", ["call:initiated", "connect", "", "CALL:END", "call:end "])
def test_an_event_that_clients_do_not_send_is_unknown(event):
    with pytest.raises(errors.UnknownEvent):
        decode(event, None)


@pytest.mark.parametrize("event", GOOD)
def test_control_events_alone_carry_a_request_id(event):
    decoded = said(event, requestId="r1")
    assert isinstance(decoded, ControlEvent) is (event in CONTROL)
    assert getattr(decoded, "request_id", None) == ("r1" if event in CONTROL else None)


def test_what_a_join_says():
    joined = said("user:join", deviceId="phone", features=["resume", "later"])
    assert isinstance(joined, said_types.UserJoin)
    assert (joined.user_id, joined.device_id, joined.features) == (
        "alice",
        "phone",
        ["resume", "later"],
    )
    assert _values(said("user:join"))["features"] is None


@pytest.mark.parametrize("epoch", [None, "e1"])
def test_who_can_resume_says_so_by_the_feature_and_an_epoch(epoch):
    def can_resume(**fields: object) -> bool:
        joined = said("user:join", **fields)
        assert isinstance(joined, said_types.UserJoin)
        return joined.can_resume

    assert can_resume(features=["resume"], epoch=epoch)
    assert not can_resume(features=["resume"])
    assert not can_resume(epoch=epoch)


@pytest.mark.parametrize("call_type", CallType)
def test_what_an_initiate_says(call_type):
    initiate = said("call:initiate", callType=call_type)
    assert isinstance(initiate, said_types.CallInitiate)
    assert initiate.call_type is call_type
    assert initiate.metadata is UNSET


def test_a_reject_is_for_the_user_and_a_rejection_unless_said_otherwise():
    plain = said("call:reject", **{"from": "alice"})
    busy = said("call:reject", reason="busy", scope="device")
    assert (_values(plain)["reason"], _values(plain)["scope"]) == (None, None)
    assert (_values(busy)["reason"], _values(busy)["scope"]) == ("busy", "device")


@pytest.mark.parametrize("reason", [None, "completed", "media_failed", "connection_lost", "error"])
def test_the_reasons_that_an_end_may_give(reason):
    assert _values(said("call:end", reason=reason))["reason"] == reason


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ("call:initiate", "callType", "fax"),
        ("call:initiate", "callType", "VIDEO"),
        ("call:reject", "reason", "no_answer"),
        ("call:reject", "scope", "all"),
        ("call:end", "reason", "server_shutdown"),
        ("call:end", "reason", "cancelled"),
        ("call:media", "state", "new"),
    ],
)
def test_a_word_outside_the_vocabulary_is_refused(event, field, value):
    assert refused_field(event, **{field: value}) == (
        f"{event}: {field}: Invalid enum value '{value}'."
    )


@pytest.mark.parametrize("event", RELAYS[:3])
def test_a_relay_names_the_peer_or_the_call_or_neither(event):
    assert (_values(said(event))["to"], _values(said(event))["call_id"]) == (None, None)
    named = _values(said(event, to="bob", callId="c_1"))
    assert (named["to"], named["call_id"]) == ("bob", "c_1")
    assert _values(said(event, to=None, callId=None))["call_id"] is None


def test_a_signal_always_names_its_call():
    assert refused("call:signal", '{"to":"bob","data":1}').endswith("`callId`.")


@pytest.mark.parametrize("state", MediaState)
def test_what_a_media_report_says(state):
    stats = {"path": "relay", "rttMs": 41.5, "jitterMs": 3, "lossRatio": 0.01, "codec": "opus"}
    report = said("call:media", state=state, stats=stats)
    assert isinstance(report, said_types.CallMediaReport)
    assert report.state is state
    assert report.stats == MediaStats(
        path=MediaPath.RELAY, rtt_ms=41.5, jitter_ms=3, loss_ratio=0.01, codec="opus"
    )


@pytest.mark.parametrize("stats", [None, {}, {"rttMs": None, "path": None, "fps": 30}])
def test_every_statistic_is_optional(stats):
    report = said("call:media", stats=stats)
    assert isinstance(report, said_types.CallMediaReport)
    assert report.stats == (None if stats is None else MediaStats())


def test_a_candidate_comes_alone_or_in_company_but_not_both():
    both = "Expected one of `candidate` and `candidates`."
    assert refused("ice:candidate", '{"to":"bob"}').endswith(both)
    assert refused("ice:candidate", '{"candidate":{},"candidates":[{}]}').endswith(both)


OPTIONAL = [
    (kind.event, field.encode_name)
    for kind in said_types.ALL
    for field in msgspec.structs.fields(kind)
    if not field.required
    and field.encode_name not in {"candidate", "metadata"}
    and (kind.event, field.encode_name) != ("user:join", "epoch")
]
"""Every field that may be absent, but for those whose null says something."""


@pytest.mark.parametrize(("event", "field"), OPTIONAL)
def test_null_is_as_good_as_absent(event, field):
    assert _values(said(event, **{field: None})) == _values(said(event))


def test_a_repeated_key_counts_as_its_last():
    assert _values(raw("call:accept", '{"callId":"c_1","callId":"c_2"}'))["call_id"] == "c_2"


def _values(decoded: ClientEvent) -> dict[str, object]:
    """The decoded fields, unread payloads as bytes."""
    values = {name: getattr(decoded, name) for name in decoded.__struct_fields__}
    unread = ("offer", "answer", "candidate", "data", "metadata")
    return {
        name: bytes(value) if name in unread and value is not UNSET else value
        for name, value in values.items()
    }
