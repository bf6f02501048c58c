"""Which pages may connect, and what browsers let them read: CORS (WHATWG Fetch, 3.3).

The outermost of all, so that every answer can be read by the page, whatever its status.
"""

import re
from collections.abc import Collection

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.settings.values.origins import canonical

_log = structlog.get_logger(__name__)

ADMITTED = "ringline.origin_admitted"
"""Where the ASGI scope has whether the page that sent the request may connect."""
_LONGEST_SHOWN = 200
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
        app: what stands behind; told by `ADMITTED` whether the page may connect.
        origins: those of the pages that may, beside the service's own; `*` for every one.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._named = _Answering(app, ("*",), named=True)
        self._anyone = _Answering(app, ("*",), named=False)
        self._nobody = _Answering(app, (), named=False)
        self.become(origins)

    def become(self, origins: Collection[str]) -> None:
        """List these from now on; who is connected stays so."""
        self._any = "*" in origins
        self._listed = frozenset(origins) - {"*"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; pass on anything else. A client that is no page sends no origin."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        name = None if origin is None else canonical(origin)
        listed = origin in self._listed or name in self._listed
        own = name is not None and name == _own(scope, headers)
        scope[ADMITTED] = origin is None or listed or self._any or own
        if not scope[ADMITTED]:
            _tell_refused(scope, headers)
        unlisted = self._anyone if self._any else self._nobody
        await (self._named if listed else unlisted)(scope, receive, send)


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


def _own(scope: Scope, headers: Headers) -> str | None:
    """The service's own origin, as the request has it."""
    secure = scope["scheme"] in {"https", "wss"}
    return canonical(f"{'https' if secure else 'http'}://{headers.get('host', '')}")


def _tell_refused(scope: Scope, headers: Headers) -> None:
    """Write down who was refused, and what would mend it."""
    origin = headers.get("origin", "")[:_LONGEST_SHOWN]
    _log.info(
        "origin.refused",
        origin="".join(
            char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in origin
        ),
        over=_over(scope),
        hint=_mend(headers),
    )


def _over(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "websocket"
    return "polling" if scope["path"].startswith("/socket.io") else "http"


def _mend(headers: Headers) -> str:
    name = canonical(headers.get("origin", ""))
    if name is None:
        return "It is not an origin; the client is to send that of its page, or none."
    hosts = {headers.get(header, "") for header in ("host", "x-forwarded-host")}
    if name in {canonical(f"{scheme}://{host}") for scheme in ("http", "https") for host in hosts}:
        return (
            "It is the service's own, behind a proxy: name the proxy in RINGLINE_TRUSTED_PROXIES, "
            "and have it send X-Forwarded-Proto and X-Forwarded-Host."
        )
    return f"Add {name} to RINGLINE_CORS_ORIGINS if its pages may connect."
