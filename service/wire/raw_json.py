"""JSON that is passed on undecoded: a check that every receiver can decode it.

Receivers parse JSON recursively, and most read every number as an IEEE 754 double (RFC 8259, 6
and 9); to them, what nests too deep or is too large is no JSON. Decoding an event skips over what
is passed on, and does not see what is wrong inside.
"""

import sys
from itertools import chain
from typing import Any

import msgspec
from msgspec import Raw

DEEPEST = 64
"""Arrays and objects within one another."""
_LARGEST = int(sys.float_info.max)

# Candidates and descriptions are flat. For such an object, its decoder is the whole check: it
# costs no more than any other, and refuses an integer that does not fit where a float belongs.
_flat = msgspec.json.Decoder(dict[str, str | float | bool | None]).decode


def check(raw: Raw, field: str, first: bytes = b"", most: int | None = None) -> None:
    """Refuse what an event's `field` holds where a receiver could not decode it.

    `first` are the bytes that it may begin with, when not any JSON will do; `most` is how many
    bytes it may have.

    Raises:
        msgspec.ValidationError: it may not pass; the message names the field.
    """
    payload = bytes(raw)
    if first and payload[0] not in first:
        raise msgspec.ValidationError(f"Expected `object` - at `$.{field}`")
    if most is not None and len(payload) > most:
        raise msgspec.ValidationError(f"Expected at most {most} bytes - at `$.{field}`")
    try:
        _flat(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        if wrong := _fault(payload):
            raise msgspec.ValidationError(f"{wrong} - at `$.{field}`") from None


def _fault(payload: bytes) -> str | None:
    try:
        decoded = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return "Expected valid JSON"
    return _excess(decoded)


def _excess(decoded: Any) -> str | None:
    level = [decoded]
    for _ in range(DEEPEST + 1):
        integers = [one for one in level if type(one) is int]
        if integers and not -_LARGEST <= min(integers) <= max(integers) <= _LARGEST:
            return "Expected numbers that fit a double"
        objects = [one.values() for one in level if type(one) is dict]
        arrays = [one for one in level if type(one) is list]
        if not objects and not arrays:
            return None
        level = list(chain(*objects, *arrays))
    return f"Expected at most {DEEPEST} levels of arrays and objects"
