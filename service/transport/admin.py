"""The admin port: is it alive, is it ready, what does it count. Never reachable by clients."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_UNAVAILABLE = 503


def admin(
    registry: CollectorRegistry, status: Callable[[], str], trouble: Callable[[], str | None]
) -> Starlette:
    """`/healthz`, `/readyz` and `/metrics`.

    Args:
        registry: the metrics to show, in Prometheus' or OpenMetrics' text format.
        status: `ready`, or why not: `starting`, `draining`.
        trouble: why no token can be verified yet, in a sentence; None where some can.
    """

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readiness(_request: Request) -> Response:
        now, why = status(), trouble()
        if now != "ready":
            return JSONResponse({"status": now}, _UNAVAILABLE)
        if why is not None:
            return JSONResponse({"status": "no_keys", "reason": why}, _UNAVAILABLE)
        return JSONResponse({"status": now})

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
