"""A JSON Web Key Set (RFC 7517), fetched once and read.

Blocking: it runs in a thread. What it cannot use (encryption keys, shared secrets, private and
weak keys, other curves) it leaves out, so that one odd key never costs the others.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from service.auth.keys import Material, algorithm_of

LARGEST = 256 * 1024  # bytes
_CHUNK = 16 * 1024


class KeySetUnavailable(Exception):
    """No key set could be had; the message says why."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key of the set, and the one algorithm it admits."""

    kid: str | None
    alg: str
    material: Material


def fetch(url: str, timeout_s: float) -> tuple[NamedKey, ...]:
    """The usable keys of the set at `url`, possibly none; raises `KeySetUnavailable`."""
    try:
        return read(_download(url, timeout_s))
    except HTTPError as refused:
        refused.close()
        aside = ", and redirects are not followed" if "Location" in refused.headers else ""
        raise KeySetUnavailable(f"it answered {refused.code}{aside}") from refused
    except (OSError, HTTPException, ValueError) as failure:
        why = getattr(failure, "reason", failure)  # urllib wraps what the socket or TLS said
        raise KeySetUnavailable(str(why) or type(why).__name__) from failure


def read(document: bytes) -> tuple[NamedKey, ...]:
    """The usable keys of a JWK Set; raises `KeySetUnavailable` when it is none."""
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as failure:
        raise KeySetUnavailable("what it gave is not JSON") from failure
    members = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(members, list):
        raise KeySetUnavailable("what it gave is not a JWK Set")
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


class _NoRedirect(HTTPRedirectHandler):
    """The keys come from the place that was configured, and from nowhere it points to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _download(url: str, timeout_s: float) -> bytes:
    deadline = time.monotonic() + timeout_s
    opener = build_opener(_NoRedirect())
    opener.addheaders = [("User-Agent", "ringline"), ("Accept", "application/json")]
    body = bytearray()
    with opener.open(url, timeout=timeout_s) as response:
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > LARGEST:
                raise ValueError(f"its key set is over {LARGEST} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("its answer takes too long")
    return bytes(body)
