"""One client event's JSON, decoded and checked.

A missing, ill-typed or oversized field is `invalid_payload` with the field's name.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from service import errors
from service.wire import client_events as said
from service.wire import legible, numeric_ids, raw_json
from service.wire.packets import ANY_VALUES, MOST_VALUES, crowded

SMALL_PAYLOAD = 4 * 1024
"""Bytes of JSON that `metadata` and `call:signal` may hold."""

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    kind.event: msgspec.json.Decoder(kind) for kind in said.ALL
}

_IN_ONE_PASS: dict[str, msgspec.json.Decoder[Any]] = {
    kind.event: msgspec.json.Decoder(tuple[str, kind])  # type: ignore[valid-type]
    for kind in said.ALL
    if issubclass(kind, said.RelayEvent)
}

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

EVENTS: frozenset[str] = frozenset(_DECODERS)
"""The name of every event that a client may send."""


def decode(event: str, payload: Raw | None) -> said.ClientEvent:
    """Decode one event's payload.

    Raises:
        UnknownEvent: the protocol has no such event.
        InvalidPayload: naming the field that is wrong.
    """
    decoder = _DECODERS.get(event)
    if decoder is None:
        raise errors.UnknownEvent
    if payload is None:
        raise errors.InvalidPayload(f"{event} needs an object with its fields.")
    if len(payload) > ANY_VALUES and crowded(bytes(payload)):
        raise errors.InvalidPayload(f"{event}: Expected at most {MOST_VALUES} commas.")
    try:
        decoded: said.ClientEvent = decoder.decode(payload)
        if check := _CHECKS.get(type(decoded)):
            check(decoded)
    except msgspec.ValidationError as error:
        complaint = str(error)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise errors.InvalidPayload(_no_json(event, payload)) from None
    else:
        return decoded
    return _with_text_ids(event, payload, complaint)


def _with_text_ids(event: str, payload: Raw, complaint: str) -> said.ClientEvent:
    """Decode an event anew whose user ids are numbers; what is wrong with any other is known."""
    in_text = numeric_ids.as_text(payload)
    if in_text is None:
        raise errors.InvalidPayload(_sentence(event, complaint))
    return decode(event, in_text)


def relay_in(frame: str) -> said.RelayEvent | None:
    """The relay that an Engine.IO frame carries, decoded in one pass.

    Returns:
        What `decode` makes of it; None when it is none, asks for an answer, or is anything but
        the usual, which `decode` then tells.
    """
    if not frame.startswith('42["') or (len(frame) > ANY_VALUES and crowded(frame)):
        return None
    decoder = _IN_ONE_PASS.get(frame[4 : frame.find('"', 4)])
    if decoder is None:
        return None
    try:
        decoded: said.RelayEvent = decoder.decode(frame[2:])[1]
        if (check := _CHECKS.get(type(decoded))) is not None:
            check(decoded)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return decoded


def _check_id(name: str, field: str) -> None:
    if wrong := legible.fault(name):
        raise msgspec.ValidationError(f"It {wrong} - at `$.{field}`")


def _check_candidates(decoded: said.IceCandidate) -> None:
    if (decoded.candidate is UNSET) is (decoded.candidates is None):
        raise msgspec.ValidationError("Expected one of `candidate` and `candidates`")
    if decoded.candidate is not UNSET:
        raw_json.check(decoded.candidate, "candidate", b'{"n')
    else:
        for i, raw in enumerate(decoded.candidates or ()):
            raw_json.check(raw, f"candidates[{i}]", b'{"n')


def _check_initiate(decoded: said.CallInitiate) -> None:
    if decoded.metadata is not UNSET:
        raw_json.check(decoded.metadata, "metadata", most=SMALL_PAYLOAD)
    _check_id(decoded.to, "to")


def _check_join(decoded: said.UserJoin) -> None:
    _check_id(decoded.user_id, "userId")
    _check_id(decoded.device_id or "", "deviceId")


def _check_users(decoded: said.UserWatch | said.UserUnwatch) -> None:
    for i, user in enumerate(decoded.user_ids):
        _check_id(user, f"userIds[{i}]")


def _check_reason(decoded: said.CallEnd | said.CallReject) -> None:
    if decoded.reason is not None and decoded.reason.said_in != decoded.event:
        raise msgspec.ValidationError(f"Invalid enum value '{decoded.reason}' - at `$.reason`")


_CHECKS: dict[type[said.ClientEvent], Callable[[Any], None]] = {
    said.CallAnswer: lambda decoded: raw_json.check(decoded.answer, "answer", b"{"),
    said.CallEnd: _check_reason,
    said.CallInitiate: _check_initiate,
    said.CallOffer: lambda decoded: raw_json.check(decoded.offer, "offer", b"{"),
    said.CallReject: _check_reason,
    said.CallSignal: lambda decoded: raw_json.check(decoded.data, "data", most=SMALL_PAYLOAD),
    said.IceCandidate: _check_candidates,
    said.UserJoin: _check_join,
    said.UserStatusQuery: lambda decoded: _check_id(decoded.user_id, "userId"),
    said.UserUnwatch: _check_users,
    said.UserWatch: _check_users,
}
"""A payload that is passed on unread must still be what it claims to be. Users and devices are
legible; a relay's and a call's ids are only compared."""


def _no_json(event: str, payload: Raw) -> str:
    if _ESCAPED_SURROGATE.search(bytes(payload)):
        return f"The payload of {event} is not valid JSON; is a string cut inside an emoji?"
    return f"The payload of {event} is not valid JSON."


def _sentence(event: str, complaint: str) -> str:
    """`Expected `str`, got `int` - at `$.callId`` as a sentence that names the field."""
    what, _, where = complaint.partition(" - at ")
    field = where.strip("`").removeprefix("$").lstrip(".")
    return f"{event}: {field}: {what}." if field else f"{event}: {what}."
