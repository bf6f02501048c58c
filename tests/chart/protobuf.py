"""A Secret as Kubernetes' own clients send it: so Helm stores its releases, never as JSON.

The numbers are those of `generated.proto` in k8s.io/api/core/v1 and k8s.io/apimachinery.
"""

import base64
from collections.abc import Iterator
from typing import Any

MAGIC = b"k8s\x00"
_VARINT, _BYTES = 0, 2


def secret(body: bytes) -> dict[str, Any]:
    """The same as JSON has it."""
    (raw,) = _all(body.removeprefix(MAGIC), 2)
    (metadata,) = _all(raw, 1)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _text(metadata, 1), "labels": dict(_map(metadata, 11))},
        "data": {key: base64.b64encode(value).decode() for key, value in _entries(raw, 2)},
        "type": _text(raw, 3),
    }


def _text(message: bytes, number: int) -> str:
    (value,) = _all(message, number)
    return value.decode()


def _map(message: bytes, number: int) -> Iterator[tuple[str, str]]:
    return ((key, value.decode()) for key, value in _entries(message, number))


def _entries(message: bytes, number: int) -> Iterator[tuple[str, bytes]]:
    for entry in _all(message, number):
        (key,), (value,) = _all(entry, 1), _all(entry, 2)
        yield key.decode(), value


def _all(message: bytes, number: int) -> list[bytes]:
    return [value for found, value in _fields(message) if found == number]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields that hold bytes; numbers, which nothing here asks for, are passed over."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == _BYTES:
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            assert tag & 7 == _VARINT, f"wire type {tag & 7}"


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
