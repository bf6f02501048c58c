"""A payload passes byte for byte, and is JSON that no receiver can stumble over."""

import json
import sys
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw
from msgspec.structs import fields

from service import errors
from service.wire.client_events import ALL, CallInitiate, IceCandidate
from service.wire.decoding import decode
from tests.wire.saying import GOOD, RELAYS, raw, refused

FIELD = {
    "call:offer": "offer",
    "call:answer": "answer",
    "ice:candidate": "candidate",
    "call:signal": "data",
    "call:initiate": "metadata",
}
"""The field of each event that is passed on unread."""

EXACT = [
    '{"type":"offer","sdp":"v=0\\r\\n"}',
    '{ "sdp" : "x" ,\n\t"type" : "offer" }',
    '{"sdp":"z","a":1,"A":2,"type":"offer"}',
    '{"sdp":"\\u00e9\\u20ac\\ud83d\\ude00","type":"offer"}',
    '{"sdp":"é€😀\\/\\b\\u0000\u2028","type":"offer"}',
    '{"a":1e3,"b":-0,"c":0.10,"d":1E+2,"e":12345678901234567890123}',
    '{"a":1,"a":2}',
    "{}",
    '{"a":' + "[" * 63 + '"x"' + "]" * 63 + "}",
    '{"a":"' + "[{" * 500 + "1" * 500 + '"}',
    f'{{"a":{int(sys.float_info.max)},"b":[{-int(sys.float_info.max)}]}}',
]

BAD = {
    "invalid UTF-8": b'{"a":"\xff"}',
    "overlong UTF-8": b'{"a":"\xc0\x80"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "invalid UTF-8 in a key": b'{"\xfe":1}',
    "a lone high surrogate": b'{"a":"\\ud800"}',
    "a lone low surrogate": b'{"a":"\\udc00 and more"}',
    "a surrogate pair the wrong way round": b'{"a":"\\ude00\\ud83d"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "a number out of range": b'{"a":1e999}',
    "an integer of 5,000 digits": b'{"a":1' + b"0" * 5_000 + b"}",
    "an integer of 400 digits": b'{"a":-1' + b"0" * 400 + b"}",
    "an integer of 400 digits, deep down": b'{"a":[{"b":1' + b"0" * 400 + b"}]}",
    "an integer just over the largest double": b'{"a":[%d]}' % (int(sys.float_info.max) + 1),
    "950 arrays deep": b'{"a":' + b"[" * 950 + b"]" * 950 + b"}",
    "65 levels deep": b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    "5,000 arrays deep": b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "5,000 objects deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a trailing comma": b'{"a":1,}',
    "a bare word": b'{"a":undefined}',
    "single quotes": b"{'a':1}",
    "a comment": b'{"a":1/**/}',
    "a leading zero": b'{"a":01}',
    "a raw control character": b'{"a":"\x01"}',
    "a raw newline": b'{"a":"x\ny"}',
    "an unknown escape": b'{"a":"\\x41"}',
    "half an object": b'{"a":1',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


def message(event: str, payload: bytes) -> bytes:
    """The event's example around exactly these bytes."""
    field = FIELD[event]
    others = {name: value for name, value in GOOD[event].items() if name != field}
    start = json.dumps({**others, "from": "x"}).encode()[:-1]
    return b'%b , "%b" :\t%b\r\n}' % (start, field.encode(), payload)


def passed(event: str, payload: bytes) -> bytes:
    """The payload as it comes out."""
    return bytes(getattr(raw(event, message(event, payload)), FIELD[event]))


def test_every_field_that_is_passed_on_unread_is_held_to_this():
    assert {
        kind.event: field.name
        for kind in ALL
        for field in fields(kind)
        if Raw in (field.type, *get_args(field.type))
    } == FIELD


@pytest.mark.parametrize("event", FIELD)
@pytest.mark.parametrize("payload", EXACT)
def test_a_payload_passes_byte_for_byte(event, payload):
    assert passed(event, payload.encode()) == payload.encode()


@pytest.mark.parametrize("event", FIELD)
@pytest.mark.parametrize("bad", BAD)
def test_a_payload_that_is_not_json_is_refused(event, bad):
    """The message itself may be fine JSON but for the payload, which is never read as a rule."""
    assert refused(event, message(event, BAD[bad]))


@pytest.mark.parametrize("event", RELAYS)
@pytest.mark.parametrize("bad", ["invalid UTF-8", "a number out of range", "a lone low surrogate"])
def test_the_payload_at_fault_is_named_where_the_message_can_be_read(event, bad):
    sentence = refused(event, message(event, BAD[bad]))
    named = f"{event}: {FIELD[event]}: Expected valid JSON."
    assert sentence == named or sentence.startswith(f"The payload of {event} is not valid JSON")


@pytest.mark.parametrize("event", FIELD)
def test_what_a_receiver_could_not_take_in_is_said(event):
    deep, large = BAD["65 levels deep"], BAD["an integer of 400 digits"]
    assert refused(event, message(event, deep)) == (
        f"{event}: {FIELD[event]}: Expected at most 64 levels of arrays and objects."
    )
    assert refused(event, message(event, large)) == (
        f"{event}: {FIELD[event]}: Expected numbers that fit a double."
    )


def test_the_candidate_at_fault_is_named():
    assert refused("ice:candidate", b'{"candidates":[{},{"a":"\xff"}]}') == (
        "ice:candidate: candidates[1]: Expected valid JSON."
    )
    assert refused("ice:candidate", '{"candidates":[{},null,7]}') == (
        "ice:candidate: candidates[2]: Expected `object`."
    )


@pytest.mark.parametrize(
    "text",
    [b'"\xff"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udc00x"', b'"\x01"', b'"\\x41"', b"'c'"],
)
def test_broken_text_in_a_field_that_is_read_is_refused(text):
    hint = "; is a string cut inside an emoji?" if b"\\ud" in text else "."
    assert refused("call:accept", b'{"callId":%b}' % text) == (
        f"The payload of call:accept is not valid JSON{hint}"
    )


@pytest.mark.parametrize("event", ["call:offer", "call:answer"])
@pytest.mark.parametrize("payload", ["null", '"v=0"', "[]", "7", "true"])
def test_a_description_is_an_object(event, payload):
    assert refused(event, message(event, payload.encode())) == (
        f"{event}: {FIELD[event]}: Expected `object`."
    )


@pytest.mark.parametrize("payload", ["null", '""', "{}", '{"candidate":""}', '"candidate:1 1 udp"'])
def test_a_candidate_is_an_object_a_string_or_the_null_at_the_end(payload):
    assert passed("ice:candidate", payload.encode()) == payload.encode()


@pytest.mark.parametrize("payload", ["[]", "7", "-1", "true", "false"])
def test_nothing_else_is_a_candidate(payload):
    assert refused("ice:candidate", message("ice:candidate", payload.encode()))


@pytest.mark.parametrize("event", ["call:signal", "call:initiate"])
@pytest.mark.parametrize("payload", ["null", "7", '"on hold"', "[1,  2]", "true", "{ }"])
def test_metadata_and_signals_are_any_json(event, payload):
    assert passed(event, payload.encode()) == payload.encode()


def test_candidates_keep_their_order_and_their_bytes():
    together = raw("ice:candidate", '{"candidates":[ {"a" : 1},null, "" ,{"b":2}]}')
    assert isinstance(together, IceCandidate)
    assert [bytes(one) for one in together.candidates or ()] == [
        b'{"a" : 1}',
        b"null",
        b'""',
        b'{"b":2}',
    ]


def test_a_candidate_may_be_null():
    alone = raw("ice:candidate", '{"candidate":null}')
    assert isinstance(alone, IceCandidate)
    assert alone.candidate == Raw(b"null")
    assert alone.candidates is None


def test_an_initiate_without_metadata_is_told_from_one_with_null():
    assert isinstance(
        without := raw("call:initiate", '{"to":"b","callType":"audio"}'), CallInitiate
    )
    assert without.metadata is UNSET
    assert passed("call:initiate", b"null") == b"null"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=15,
)
json_objects = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values)
separators = st.tuples(
    st.sampled_from([",", " , ", ",\n\t"]), st.sampled_from([":", " : ", ":\r\n"])
)


@given(json_objects, separators, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_any_json_passes_byte_for_byte(payload, separators, ascii_only, indent):
    text = json.dumps(payload, separators=separators, ensure_ascii=ascii_only, indent=indent)
    assert passed("call:offer", text.encode()) == text.encode()


scraps = st.lists(
    st.sampled_from([*'{}[],:"0123456789.-+eE \n\t\\/u', '"a"', "null", "NaN", "\\u", "d83d", "é"])
    | st.characters(),
    max_size=25,
)


def strict(payload: bytes) -> Any:
    """Parse as a client would, who knows no NaN."""
    return json.loads(payload.decode(), parse_constant=pytest.fail)


@given(scraps)
@settings(max_examples=500)
def test_whatever_passes_is_json_to_a_strict_receiver(scraps):
    payload = "".join(scraps).encode(errors="surrogatepass")
    try:
        decoded = decode("ice:candidate", Raw(b'{"candidate":%b}' % payload))
    except errors.InvalidPayload:
        return
    assert isinstance(decoded, IceCandidate)
    assert isinstance(decoded.candidate, Raw)
    assert bytes(decoded.candidate) in payload
    strict(bytes(decoded.candidate))


@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=60) | json_values.map(json.dumps))
def test_nothing_but_a_refusal_ever_escapes(event, payload):
    bare = payload if isinstance(payload, bytes) else payload.encode()
    try:
        decoded = decode(event, Raw(bare))
    except errors.InvalidPayload:
        return
    assert decoded.event == event
