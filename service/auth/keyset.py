"""A JSON Web Key Set (RFC 7517), fetched once and read.

Fetching blocks, so it runs in a thread. Keys that cannot be used (encryption keys, shared secrets,
private and weak keys, other curves) are left out, so that the others still count.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from service.auth.keys import Material, algorithm_of
from service.download import Ask, Undelivered, download

LARGEST = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key of the set, and the one algorithm it admits."""

    kid: str | None
    alg: str
    material: Material


def fetch(url: str, timeout_s: float) -> tuple[NamedKey, ...]:
    """The usable keys of the set at `url`, possibly none; raises `Undelivered`."""
    return read(download(Ask(url), timeout_s=timeout_s, largest=LARGEST))


def read(document: bytes) -> tuple[NamedKey, ...]:
    """The usable keys of a JWK Set; raises `Undelivered` when the document is not one."""
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as failure:
        raise Undelivered("what it gave is not JSON") from failure
    members = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(members, list):
        raise Undelivered("what it gave is not a JWK Set")
    return tuple(_usable(members))


def _usable(members: list[Any]) -> Iterator[NamedKey]:
    for member in members:
        if not isinstance(member, dict) or member.get("use", "sig") != "sig":
            continue
        try:
            jwk = PyJWK(member)
        except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
            continue
        alg = algorithm_of(jwk.key)
        if jwk.key_type == "oct" or alg is None or alg != jwk.algorithm_name:
            continue
        yield NamedKey(kid=jwk.key_id, alg=alg, material=jwk.key)
