"""What may be relayed: JSON that any receiver can take in.

Receivers parse JSON recursively, and most read every number as an IEEE 754 double (RFC 8259, 6
and 9); to them, what nests too deep or is too large is no JSON.
"""

import sys
from itertools import chain
from typing import Any

import msgspec

DEEPEST = 64
"""Arrays and objects within one another."""
_LARGEST = int(sys.float_info.max)
_MALFORMED = "Expected valid JSON"

# Candidates and descriptions are flat. For such an object, its decoder is the whole check: it
# costs no more than any other, and refuses an integer that does not fit where a float belongs.
_flat = msgspec.json.Decoder(dict[str, str | float | bool | None]).decode


def fault(payload: bytes) -> str | None:
    """What is wrong with a payload; None when it may pass."""
    try:
        _flat(payload)
    except msgspec.ValidationError:
        return _look_closer(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _MALFORMED
    return None


def _look_closer(payload: bytes) -> str | None:
    try:
        decoded = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _MALFORMED
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
