"""CONNECT packets: the namespace that a client asks for, and what it tells of itself."""

from typing import NamedTuple

import msgspec
from msgspec import Raw

from service import errors
from service.wire.client_events import LONGEST_TRACEPARENT
from service.wire.packets import crowded


class Auth(NamedTuple):
    """What a client tells of itself."""

    token: str | None = None
    """Empty where it should be text."""
    traceparent: str | None = None
    """As long as it may be in a payload's `_meta`."""


class _Payload(msgspec.Struct):
    """What a CONNECT may tell: of anything else, 64 KiB would be megabytes of Python's objects."""

    token: Raw = Raw(b"null")
    traceparent: Raw = Raw(b"null")


_payload_in = msgspec.json.Decoder(_Payload).decode
_text_in = msgspec.json.Decoder(str).decode


def decode_connect(packet: str) -> tuple[str, Auth | errors.InvalidPayload]:
    """The namespace, without its query, and the auth payload of a CONNECT packet.

    A payload that is no JSON is the refusal of it; one that is no object tells nothing.
    """
    namespace, rest = "/", packet[1:]
    if rest.startswith("/"):
        namespace, _, rest = rest.partition(",")
        namespace = namespace.partition("?")[0]
    if not rest:
        return namespace, Auth()
    if crowded(rest):
        return namespace, errors.InvalidPayload("The payload of CONNECT has too many values.")
    try:
        return namespace, _auth(rest)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return namespace, errors.InvalidPayload("The payload of CONNECT is not valid JSON.")


def _auth(payload: str) -> Auth:
    try:
        told = _payload_in(payload)
    except msgspec.ValidationError:
        msgspec.json.decode(payload)  # is it JSON at all?
        return Auth()
    token, traceparent = _text(told.token), _text(told.traceparent)
    fits = traceparent and len(traceparent) <= LONGEST_TRACEPARENT
    return Auth(token, traceparent if fits else None)


def _text(raw: Raw) -> str | None:
    value = bytes(raw)
    if value == b"null":
        return None
    return _text_in(value) if value.startswith(b'"') else ""
