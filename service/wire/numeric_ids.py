"""User ids that a client sends as numbers, as clients of the replaced system do.

An integer stands for its decimal digits, within what a JavaScript number holds exactly
(`Number.MAX_SAFE_INTEGER`, RFC 8259, 6). What goes out is always a string.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

_SAFE = 2**53 - 1
_FIELDS = ("userId", "to")
_LIST = "userIds"
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
# Not strict, for 42.0 is 42: so it is to JavaScript, and some clients write it.
_decode_integer = msgspec.json.Decoder(
    Annotated[int, Meta(ge=-_SAFE, le=_SAFE)], strict=False
).decode


def as_text(payload: Raw) -> Raw | None:
    """The payload with its user ids as strings, all else as it is; None if none is a number."""
    try:
        fields = _decode_fields(payload)
        found = {name: text for name in _FIELDS if (text := _text(fields.get(name)))}
        if texts := _texts(fields.get(_LIST)):
            found[_LIST] = texts
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return Raw(msgspec.json.encode({**fields, **found})) if found else None


def _text(value: Raw | None) -> Raw | None:
    """A number as a string; None for what is no integer, or is too large."""
    if value is None or bytes(value)[:1] not in b"-0123456789":
        return None
    try:
        return Raw(b'"%d"' % _decode_integer(value))
    except msgspec.ValidationError:
        return None


def _texts(value: Raw | None) -> Raw | None:
    if value is None or not bytes(value).startswith(b"["):
        return None
    items = _decode_list(value)
    texts = [_text(item) for item in items]
    if not any(texts):
        return None
    return Raw(msgspec.json.encode([text or item for text, item in zip(texts, items, strict=True)]))
