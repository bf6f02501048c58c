"""What a client asked for, as the proxies say that `RINGLINE_TRUSTED_PROXIES` names."""

from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.settings.values.origins import canonical
from service.transport.guard.waiting import SHARE, Share

_SECURE = {"https": True, "wss": True, "http": False, "ws": False}


class TrustedProxies:
    """Takes client, scheme and host from `X-Forwarded-For`, `-Proto` and `-Host` of the trusted.

    uvicorn does the first, and knows neither a host nor a list of schemes, which several proxies
    in a row make. No page can set these headers: they take a preflight, or are not to be had on a
    WebSocket. So a proxy that passes on what a client sent of them lets no page in.

    Args:
        app: what stands behind.
        proxies: addresses and networks.
    """

    def __init__(self, app: ASGIApp, proxies: tuple[str, ...]) -> None:
        self._app = app
        self.become(proxies)

    def become(self, proxies: tuple[str, ...]) -> None:
        """Trust these from now on."""
        trusted = [*proxies, *(_mapped(one) for one in proxies if ":" not in one)]
        self._told = ProxyHeadersMiddleware(self._plainly, trusted)  # type: ignore[arg-type]  # its own ASGI types

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as it was before the proxies."""
        client = scope.get("client")
        if client and client[0] in self._told.trusted_hosts:
            await self._told(_as_asked(scope), receive, send)  # type: ignore[arg-type]
        else:
            await self._plainly(scope, receive, send)

    async def _plainly(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An address of IPv4 is one, however a proxy has written it: limits count by it."""
        client = scope.get("client")
        if client and ":" in client[0]:
            scope = {**scope, "client": (_plain(client[0]), client[1])}
        share: Share | None = scope.get("extensions", {}).get(SHARE)
        if client and share is not None:
            share.move(scope["client"][0])
        await self._app(scope, receive, send)


def _mapped(network: str) -> str:
    """A network of IPv4 as sockets that serve both families have it (RFC 4291, 2.5.5.2)."""
    known = ip_network(network)
    return f"::ffff:{known.network_address}/{known.prefixlen + 96}"


def _plain(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(getattr(known, "ipv4_mapped", None) or address)


def _as_asked(scope: Scope) -> Scope:
    headers = Headers(scope=scope)
    scheme, host = (_nearest(headers, f"x-forwarded-{name}") for name in ("proto", "host"))
    asked = dict(scope)
    secure = _SECURE.get(scheme.lower())
    if secure is not None:
        asked["scheme"] = ("ws" if scope["type"] == "websocket" else "http") + "s" * secure
    if canonical(f"http://{host}") is not None:
        others = [header for header in scope["headers"] if header[0] != b"host"]
        asked["headers"] = [(b"host", host.encode("latin-1")), *others]
    return asked


def _nearest(headers: Headers, name: str) -> str:
    """What the proxy nearest to the client said: each one on the way appends."""
    return headers.get(name, "").partition(",")[0].strip()
