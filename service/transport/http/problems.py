"""Refusals over HTTP: problem documents (RFC 9457) with the codes of the protocol."""

import math
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.errors import Internal, RinglineError, ServerDraining

RETRY_MS = 5_000
"""When a client that found no room may try again."""


class Unserved(RinglineError):
    """The address or the method is not one of the API's."""

    code, status = "not_found", 404
    default = "There is nothing at this address."


class NotAllowed(RinglineError):
    """The address is one of the API's, the method is not."""

    code, status = "method_not_allowed", 405
    default = "This address has no such method."


class Full(ServerDraining):
    """There are as many connections as there may be, or no memory for what they have waiting."""

    default = "The server has all the connections it may have; try again."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, retry_after_ms=RETRY_MS)


async def failed(_request: Request, _error: Exception) -> Response:
    """What is told of a fault of ours, which whoever serves the request writes down."""
    return problem(Internal())


MEDIA_TYPE = "application/problem+json"


def problem(
    error: RinglineError, *, status: int | None = None, more: Mapping[str, str] | None = None
) -> Response:
    """A refusal as a response; `Retry-After` in whole seconds where it is known."""
    status = status or error.status
    body = {
        "type": "about:blank",
        "title": type(error).__name__,
        "status": status,
        "detail": error.message,
        "code": error.code,
    }
    headers = {"Cache-Control": "no-store", **(more or {})}
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_ms / 1000))
    if error.status == 401:  # noqa: PLR2004 - RFC 9110, 11.6.1: a 401 names its scheme
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), status, headers, MEDIA_TYPE)
