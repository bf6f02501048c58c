"""Socket.IO framing: what is an event, what ends the connection, how answers are written."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from service.errors import InvalidPayload, RinglineError
from service.wire.decoding import decode
from service.wire.packets import (
    ACK,
    EVENT,
    EventPacket,
    PacketType,
    decode_event,
    failed,
    ok,
    packet_type,
)
from service.wire.subject import subject_of
from service.wire.violations import ProtocolError, Rule

GOOD = {
    '2["call:end",{"callId":"c_1"}]': ("call:end", '{"callId":"c_1"}', None),
    '27["call:end",{"callId":"c_1"}]': ("call:end", '{"callId":"c_1"}', 7),
    '20["call:end",{}]': ("call:end", "{}", 0),
    '2/,["call:end",{}]': ("call:end", "{}", None),
    '2/,12["call:end",{}]': ("call:end", "{}", 12),
    '2999999999999999["call:end",{}]': ("call:end", "{}", 999_999_999_999_999),
    '2["call:end"]': ("call:end", None, None),
    '2["call:end", {"a" : [1]} , 2, "three"]': ("call:end", '{"a" : [1]}', None),
    '2["call:end",null]': ("call:end", "null", None),
    '2[ "call:end" ]': ("call:end", None, None),
    '2["caf\\u00e9",{"a":"\\ud83d\\ude00"}]': ("café", '{"a":"\\ud83d\\ude00"}', None),
    '2["é😀",{"a":"é😀"}]': ("é😀", '{"a":"é😀"}', None),
    '2["' + "x" * 64 + '",[]]': ("x" * 64, "[]", None),
}

MALFORMED = [
    '2["call:end"',
    '2["call:end",]',
    '2["call:end",{]',
    '2["call:end"] ["call:end"]',
    '2["call:end"]x',
    '2["call:end",NaN]',
    '2["call:end",01]',
    '2["call:end",{"a":"\x01"}]',
    '2["call:end","\ud800"]',
    '2["call:end",' + "[" * 5_000 + "]" * 5_000 + "]",
    '2["call:end",{"a":"\\ud83d"}]',
    '2["call:end",{"\\ude00":1}]',
    '2["call:end",{},"\\ud83d"]',
    '2["call:end" {}',
    '2["call:end"{}]',
    '2["call:end",{}',
    '2[ "call:end" ',
]
"""An event with a name, and no JSON behind it."""

BAD = [
    "",
    "2",
    "2{}",
    "2[]",
    "2[1]",
    "2[null]",
    '2[["call:end"]]',
    '2["\ud800"]',
    '2["\\ud800"]',
    '2["' + "x" * 65 + '"]',
    '2-1["call:end"]',
    '2 7["call:end"]',
    '2+7["call:end"]',
    '21.5["call:end"]',
    '2\u0667["call:end"]',  # an Arabic digit
    '2²["call:end"]',
    '21000000000000000["call:end"]',
    '2/admin,["call:end"]',
    '2/,/,["call:end"]',
    '2/["call:end"]',
    '["call:end"]',
    '3["call:end"]',
    '52-["call:end"]',
    '51-["call:end",{"_placeholder":true,"num":0}]',
    "2" + "[" * 100_000,
    "2[1" + "0" * 5_000 + "]",
]


@pytest.mark.parametrize("packet", GOOD)
def test_an_event_packet(packet):
    event, payload, ack = GOOD[packet]
    decoded = decode_event(packet)
    assert (decoded.event, decoded.ack) == (event, ack)
    assert (decoded.payload and bytes(decoded.payload).decode()) == payload


@pytest.mark.parametrize("packet", BAD, ids=lambda packet: ascii(packet[:32]))
def test_a_packet_that_is_no_event(packet):
    with pytest.raises(ProtocolError):
        decode_event(packet)


@pytest.mark.parametrize("prefix", ["", "7", "/,7"])
@pytest.mark.parametrize("packet", MALFORMED, ids=lambda packet: ascii(packet[:32]))
def test_an_event_without_json_behind_its_name_is_one_with_a_bad_payload(packet, prefix):
    decoded = decode_event(f"2{prefix}{packet[1:]}")
    assert (decoded.event, decoded.ack) == ("call:end", 7 if prefix else None)
    with pytest.raises(InvalidPayload, match="not valid JSON"):
        decode(decoded.event, decoded.payload)


BROKEN_RULES = {
    "4": Rule.PACKET,
    '51-["x"]': Rule.BINARY,
    "61[]": Rule.BINARY,
    "3[]": Rule.PACKET,
    "9": Rule.PACKET,
    "2": Rule.PACKET,
    "2{}": Rule.PACKET,
    '2/admin,["x"]': Rule.NAMESPACE,
    '2-1["x"]': Rule.ACK_ID,
    '21234567890123456["x"]': Rule.ACK_ID,
    "2[]": Rule.EVENT_NAME,
    "2[1]": Rule.EVENT_NAME,
    '2["' + "x" * 65 + '"]': Rule.EVENT_NAME,
    '2["\\ud800"]': Rule.EVENT_NAME,
    '2["x': Rule.EVENT_NAME,
}


@pytest.mark.parametrize("packet", BROKEN_RULES)
def test_the_rule_that_is_broken_is_named(packet):
    read = decode_event if packet.startswith("2") else packet_type
    with pytest.raises(ProtocolError) as broken:
        read(packet)
    assert broken.value.rule is BROKEN_RULES[packet]


@pytest.mark.parametrize("packet", GOOD)
def test_a_packet_weighs_its_bytes(packet):
    assert decode_event(packet).size == len(packet.encode())


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        ("0", PacketType.CONNECT),
        ('0{"token":"x"}', PacketType.CONNECT),
        ("1", PacketType.DISCONNECT),
        ('2["x"]', PacketType.EVENT),
    ],
)
def test_the_kinds_of_packets_that_clients_send(packet, kind):
    assert packet_type(packet) is kind


@pytest.mark.parametrize("packet", ["", "3[]", "4", "5", "6", "9", "abc", "{}", " 2", "٢"])
def test_any_other_kind_ends_the_connection(packet):
    """We ask for no acknowledgements (3), CONNECT_ERROR (4) is ours, nothing is binary (5, 6)."""
    with pytest.raises(ProtocolError):
        packet_type(packet)


frames = st.text(max_size=80) | st.lists(
    st.sampled_from(
        [*'0123456789[]{},:"\\/-. \n', '["', '"call:end"', "/,", "null", "\ud800", "é"]
    ),
    max_size=20,
).map("".join)


@given(frames | frames.map("2{}".format) | frames.map('2["call:end",{}]'.format))
@settings(max_examples=1_000)
def test_nothing_but_a_protocol_error_ever_escapes(frame):
    try:
        packet_type(frame)
        decoded = decode_event(frame)
    except ProtocolError:
        return
    assert isinstance(decoded, EventPacket)
    name, _ = json.JSONDecoder().raw_decode(frame[frame.index("[") + 1 :].lstrip())
    assert name == decoded.event
    with contextlib.suppress(RinglineError):
        decode(decoded.event, decoded.payload)
    subject_of(decoded.payload)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
payloads = st.dictionaries(names, names | st.integers() | st.none(), max_size=5)


@given(names, payloads, st.none() | st.integers(0, 10**15 - 1))
def test_what_a_client_encodes_is_what_is_decoded(name, payload, ack):
    text = json.dumps(payload)
    decoded = decode_event(f"2{'' if ack is None else ack}[{json.dumps(name)},{text}]")
    assert (decoded.event, decoded.ack) == (name, ack)
    assert bytes(decoded.payload or b"").decode() == text


def test_an_event_is_written_with_its_payload_as_it_is():
    assert '2["call:ended",{"by" : "é"}]'.encode() == EVENT % (
        b"call:ended",
        b'{"by" : "\xc3\xa9"}',
    )


def test_an_answer_is_written_with_its_id():
    assert ACK % (0, b"{}") == b"30[{}]"
    assert ACK % (12, ok(b'{"callId":"c_1"}')) == b'312[{"ok":true,"callId":"c_1"}]'


def test_a_success_carries_the_fields_of_its_event():
    assert ok(b"{}") == b'{"ok":true}'
    assert ok(b'{"callId":"c_1","by":null}') == b'{"ok":true,"callId":"c_1","by":null}'


def test_a_failure_carries_its_error():
    assert failed(b'{"code":"forbidden"}') == b'{"ok":false,"error":{"code":"forbidden"}}'


@given(payloads)
def test_what_we_write_decodes_as_what_we_meant(payload):
    fields = json.dumps(payload, separators=(",", ":")).encode()
    written = decode_event((EVENT % (b"user:status", fields)).decode())
    assert written.payload == Raw(fields)
    assert json.loads(ok(fields)) == {"ok": True, **payload}
    assert json.loads(failed(fields)) == {"ok": False, "error": payload}
