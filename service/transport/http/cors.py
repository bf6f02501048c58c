"""What browsers let the pages of other origins do: CORS (WHATWG Fetch, 3.3).

The outermost of all, so that every answer can be read by the page, whatever its status.
"""

import re

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.transport.http.origins import ADMITTED, Origins, tell_refused

_TOKENS = re.compile(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+){0,63}"
)
"""Names of headers (RFC 9110, 5.6.2), 64 at most: tracing adds some, and each tool its own."""
_LONGEST_ASKED = 2_048
_MAX_AGE_S = 600


class Cors:
    """Answers preflights, and says of each answer who may read it.

    A listed origin is named, and may send credentials: some clients are set to (`withCredentials`),
    and fail without leave. With `*` any other gets a `*`, which no browser takes together with
    credentials. Nothing is lost by that: no cookie counts here, a token tells who speaks.

    Args:
        app: what stands behind.
        origins: which pages may connect.
    """

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._origins = origins
        self._listed = _Answering(app, ("*",), named=True)
        self._anyone = _Answering(app, ("*",), named=False)
        self._nobody = _Answering(app, (), named=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; pass on anything else."""
        scope[ADMITTED] = self._origins.admit(scope)
        if not scope[ADMITTED]:
            tell_refused(scope)
        origin = Headers(scope=scope).get("origin")
        if origin is not None and self._origins.lists(origin):
            answering = self._listed
        else:
            answering = self._anyone if self._origins.any else self._nobody
        await answering(scope, receive, send)


class _Answering(CORSMiddleware):
    """Starlette's, with a bound to the headers that are asked for, which it gives leave for."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...], *, named: bool) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE", "OPTIONS"],
            allow_headers=["*"],
            allow_credentials=named,
            allow_private_network=named,
            expose_headers=["Retry-After"],
            max_age=_MAX_AGE_S,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """As Starlette's, for headers that have names, and not too many."""
        asked = request_headers.get("access-control-request-headers") or ""
        if asked and (len(asked) > _LONGEST_ASKED or not _TOKENS.fullmatch(asked)):
            return PlainTextResponse("Disallowed CORS headers", 400)
        return super().preflight_response(request_headers)
