"""Which pages may connect, and what is said of those that may not."""

from collections.abc import Collection

import structlog
from starlette.datastructures import Headers
from starlette.types import Scope

from service.settings.values.origins import canonical

_log = structlog.get_logger(__name__)

ADMITTED = "ringline.origin_admitted"
"""Where the ASGI scope has whether the page that sent the request may connect."""
_LONGEST_SHOWN = 200


class Origins:
    """The pages of `RINGLINE_CORS_ORIGINS`, and the service's own.

    Args:
        listed: origins, or `*` for every one.
    """

    def __init__(self, listed: Collection[str]) -> None:
        self.become(listed)

    def become(self, listed: Collection[str]) -> None:
        """List these from now on; who is connected stays so."""
        self.any = "*" in listed
        self._listed = frozenset(listed) - {"*"}

    def lists(self, origin: str) -> bool:
        """Whether the origin is listed by its name."""
        return origin in self._listed or canonical(origin) in self._listed

    def admit(self, scope: Scope) -> bool:
        """Whether the page that sent the request may; a client that is no page sends no origin."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or self.any or self.lists(origin):
            return True
        name = canonical(origin)
        return name is not None and name == _own(scope, headers)


def tell_refused(scope: Scope) -> None:
    """Write down who was refused, and what would mend it."""
    headers = Headers(scope=scope)
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


def _own(scope: Scope, headers: Headers) -> str | None:
    secure = scope["scheme"] in {"https", "wss"}
    return canonical(f"{'https' if secure else 'http'}://{headers.get('host', '')}")
