"""One HTTP request, bounded in time and in size.

Blocking: it runs in a thread.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from service.tls import trusting

_CHUNK = 16 * 1024  # bytes


class Undelivered(Exception):
    """There was no good answer; the message says why, and holds nothing of the request."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked: GET, or POST where there is a body."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


def download(ask: Ask, *, timeout_s: float, largest: int) -> bytes:
    """The body of the answer, where its status is one of success.

    Redirects are not followed: an answer comes from the place that was configured, and from nowhere
    it points to.

    Args:
        ask: of an `http` or `https` URL.
        timeout_s: from the connection to the last byte.
        largest: how many bytes an answer may have.

    Raises:
        Undelivered: there is none, it is over `largest` bytes, or it takes longer than that.
    """
    try:
        return _body(ask, timeout_s, largest)
    except HTTPError as refused:
        refused.close()
        aside = ", and redirects are not followed" if "Location" in refused.headers else ""
        raise Undelivered(f"it answered {refused.code}{aside}") from refused
    except (OSError, HTTPException, ValueError) as failure:
        why = getattr(failure, "reason", failure)  # urllib wraps what the socket or TLS said
        raise Undelivered(str(why) or type(why).__name__) from failure


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _body(ask: Ask, timeout_s: float, largest: int) -> bytes:
    deadline = time.monotonic() + timeout_s
    opener = build_opener(_NoRedirect(), HTTPSHandler(context=trusting()))
    opener.addheaders = [("User-Agent", "ringline"), ("Accept", "application/json")]
    # The settings take no URL of another scheme.
    request = Request(ask.url, ask.body, dict(ask.headers))  # noqa: S310
    body = bytearray()
    with opener.open(request, timeout=timeout_s) as response:
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > largest:
                raise ValueError(f"its answer is over {largest} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("its answer takes too long")
    return bytes(body)
