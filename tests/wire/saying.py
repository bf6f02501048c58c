"""One good example of every client event, and short ways to send it through the decoder."""

import json
from typing import Any

import pytest
from msgspec import Raw

from service import errors
from service.wire.client_events import ClientEvent
from service.wire.decoding import decode

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}

GOOD: dict[str, dict[str, Any]] = {
    "user:join": {"userId": "alice"},
    "session:ack": {},
    "auth:refresh": {"token": "eyJhbGciOi"},
    "call:initiate": {"to": "bob", "callType": "video"},
    "call:accept": {"callId": "c_1"},
    "call:reject": {"callId": "c_1"},
    "call:end": {"callId": "c_1"},
    "call:move": {"callId": "c_1", "moves": 0},
    "call:offer": {"offer": OFFER},
    "call:answer": {"answer": {"type": "answer", "sdp": "v=0\r\n"}},
    "ice:candidate": {"candidate": CANDIDATE},
    "call:signal": {"callId": "c_1", "data": {"muted": True}},
    "call:media": {"callId": "c_1", "state": "connected"},
    "user:status": {"userId": "bob"},
    "user:watch": {"userIds": ["bob"]},
    "user:unwatch": {"userIds": ["bob"]},
}
"""Every event with the fields that it must have, and no others."""

CONTROL = ("auth:refresh", "call:initiate", "call:accept", "call:reject", "call:end", "call:move")
RELAYS = ("call:offer", "call:answer", "ice:candidate", "call:signal")


def said(event: str, **fields: Any) -> ClientEvent:
    """The good example with these fields besides or instead."""
    return decode(event, Raw(json.dumps({**GOOD[event], **fields}).encode()))


def raw(event: str, payload: str | bytes) -> ClientEvent:
    """Exactly these bytes."""
    return decode(event, Raw(payload.encode() if isinstance(payload, str) else payload))


def refused(event: str, payload: str | bytes) -> str:
    """The sentence with which these bytes are refused."""
    with pytest.raises(errors.InvalidPayload) as refusal:
        raw(event, payload)
    return refusal.value.message


def refused_field(event: str, **fields: Any) -> str:
    """The sentence with which the good example with these fields is refused."""
    return refused(event, json.dumps({**GOOD[event], **fields}))
