"""The admin port: is it alive, is it ready, what does it count. Never reachable by clients."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_UNAVAILABLE = 503


def admin(registry: CollectorRegistry, status: Callable[[], str]) -> Starlette:
    """`/healthz`, `/readyz` and `/metrics`.

    Args:
        registry: the metrics to show, in Prometheus' or OpenMetrics' text format.
        status: `ready`, or why not: `starting`, `draining`.
    """

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readiness(_request: Request) -> Response:
        now = status()
        return JSONResponse({"status": now}, 200 if now == "ready" else _UNAVAILABLE)

    async def metrics(request: Request) -> Response:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), media_type=media_type)

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/readyz", readiness),
            Route("/metrics", metrics),
        ]
    )
