"""The body of a request: small enough, and in time."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from service import errors

WITHIN_S = 10
_MOST_DIGITS = 20
"""Of a length: more are zeros in front, and Python refuses to read thousands."""


class TooLarge(errors.InvalidPayload):
    """The body is larger than any message may be."""

    status = 413
    default = "The body is larger than RINGLINE_MAX_MESSAGE_BYTES."


class TooSlow(errors.InvalidPayload):
    """The body did not come."""

    status = 408
    default = "The body took too long."


class HungUp(errors.InvalidPayload):
    """The client has gone before the body was whole."""

    default = "The body ended before its length."


async def whole_body(scope: Scope, receive: Receive, most_bytes: int) -> bytes:
    """Read a request's body; 10 s is what it may take.

    Raises:
        TooLarge: it is, or is declared to be, larger than `most_bytes`.
        TooSlow: it did not come in time.
        HungUp: the client has hung up before; nobody is left to be answered.
    """
    declared = Headers(scope=scope).get("content-length", "0")
    if len(declared) > _MOST_DIGITS or int(declared) > most_bytes:
        raise TooLarge
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(WITHIN_S):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise HungUp
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > most_bytes:
                    raise TooLarge
    except TimeoutError:
        raise TooSlow from None
    return bytes(body)
