"""CONNECT packets: the namespace that a client asks for, and what it tells of itself."""

import msgspec
from msgspec import Raw

from service import errors
from service.wire.packets import crowded


class _Auth(msgspec.Struct):
    """What a CONNECT may tell: of anything else, 64 KiB would be megabytes of Python's objects."""

    token: Raw = Raw(b"null")
    traceparent: Raw = Raw(b"null")


_auth_in = msgspec.json.Decoder(_Auth).decode
_text_in = msgspec.json.Decoder(str).decode


def decode_connect(packet: str) -> tuple[str, object]:
    """The namespace, without its query, and the auth payload of a CONNECT packet.

    A payload that is no JSON is the refusal of it.
    """
    namespace, rest = "/", packet[1:]
    if rest.startswith("/"):
        namespace, _, rest = rest.partition(",")
        namespace = namespace.partition("?")[0]
    if not rest:
        return namespace, None
    if crowded(rest):
        return namespace, errors.InvalidPayload("The payload of CONNECT has too many values.")
    try:
        return namespace, _auth(rest)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return namespace, errors.InvalidPayload("The payload of CONNECT is not valid JSON.")


def _auth(payload: str) -> dict[str, str] | None:
    """What an auth payload tells, empty where it should be text; None when it is no object."""
    try:
        auth = _auth_in(payload)
    except msgspec.ValidationError:
        msgspec.json.decode(payload)  # is it JSON at all?
        return None
    told = {}
    for name, raw in (("token", auth.token), ("traceparent", auth.traceparent)):
        if (value := bytes(raw)) != b"null":
            told[name] = _text_in(value) if value.startswith(b'"') else ""
    return told
