"""What an event that is refused is about, and its number, however wrong the rest of it is."""

import contextlib
import json
import re

import msgspec
from msgspec import Raw

from service.wire.client_events import CallId, Subject
from service.wire.packets import crowded

_decode = msgspec.json.Decoder(Subject).decode
_lenient = json.JSONDecoder(parse_int=float)
"""Takes half a surrogate pair and NaN, and cares for nothing behind the payload."""
_NOTHING = Subject()
_SURROGATE = re.compile("[\ud800-\udfff]")


def subject_of(payload: Raw | None) -> Subject:
    """What can be told of an event that is refused; nothing, where that cannot be read."""
    if payload is None:
        return _NOTHING
    try:
        return _decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        text = bytes(payload)
        return _NOTHING if crowded(text) else _good_part(text.decode(errors="surrogateescape"))


def _good_part(payload: str) -> Subject:
    try:
        fields, _ = _lenient.raw_decode(payload.lstrip(", \t\r\n"))
    except (ValueError, RecursionError):
        return _NOTHING
    if not isinstance(fields, dict):
        return _NOTHING
    epoch, n = fields.get("epoch"), fields.get("n")
    return Subject(
        call_id=_good(fields.get("callId")),
        request_id=_good(fields.get("requestId")),
        epoch=epoch if isinstance(epoch, str) else None,
        n=int(n) if isinstance(n, float) and n.is_integer() else None,
    )


def _good(value: object) -> str | None:
    if isinstance(value, str) and not _SURROGATE.search(value):
        with contextlib.suppress(msgspec.ValidationError):
            return msgspec.convert(value, CallId)
    return None
