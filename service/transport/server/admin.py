"""The admin port: is it alive, is it ready, what does it count. Never reachable by clients.

It runs in a thread of its own (admin_port.py), beside the loop that it tells of.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service.telemetry.main_loop import MainLoop, Work

STUCK_S = 30.0
"""For how long the loop has to stand still for the process to be given up."""
LATE_S = 5.0
"""For how long, so that it is given no more clients."""
_COUNTED_WITHIN_S = 0.1
"""How long a scrape waits for the loop to count connections; then it shows the last count."""
_UNAVAILABLE = 503


def admin(
    registry: CollectorRegistry,
    *,
    status: Callable[[], str],
    trouble: Callable[[], str | None],
    loop: MainLoop,
    count: Work,
    stuck_s: float = STUCK_S,
    late_s: float = LATE_S,
) -> Starlette:
    """`/healthz`, `/readyz` and `/metrics`.

    `/readyz?exclude=draining` stays 200 while the node drains, as `exclude` does in Kubernetes.

    Args:
        registry: the metrics to show, in Prometheus' or OpenMetrics' text format.
        status: `ready`, or why not: `starting`, `draining`.
        trouble: why no token can be verified yet, in a sentence; None where some can.
        loop: the one that serves clients.
        count: has the totals among the metrics counted anew.
        stuck_s: not alive when the loop has stood still for so long.
        late_s: not ready when the loop has stood still for so long.
    """
    scrapes = _Scrapes(registry, loop, count)

    async def health(_request: Request) -> Response:
        late = loop.late_s()
        alive = late < stuck_s
        return _told("alive" if alive else "stuck", ok=alive, loopLateMs=round(late * 1000))

    async def readiness(request: Request) -> Response:
        now, why, late = status(), trouble(), loop.late_s()
        if now != "ready" and now not in request.query_params.getlist("exclude"):
            return _told(now, ok=False)
        if why is not None:
            return _told("no_keys", ok=False, reason=why)
        if late >= late_s:
            return _told("late", ok=False, loopLateMs=round(late * 1000))
        return _told(now, ok=True)

    async def metrics(request: Request) -> Response:
        return await scrapes.answer(request.headers.get("accept", ""))

    return Starlette(
        routes=[Route("/healthz", health), Route("/readyz", readiness), Route("/metrics", metrics)]
    )


def _told(status: str, *, ok: bool, **more: object) -> Response:
    return JSONResponse({"status": status, **more}, 200 if ok else _UNAVAILABLE)


class _Scrapes:
    """Renders the metrics once at a time: who asks meanwhile shares the next text."""

    def __init__(self, registry: CollectorRegistry, loop: MainLoop, count: Work) -> None:
        self._registry = registry
        self._loop = loop
        self._count = count
        self._turn = asyncio.Lock()
        self._begun = 0.0
        self._last = Response()
        """The last answer, of whatever format."""

    async def answer(self, accept: str) -> Response:
        """The metrics as they are now or a little later, in a format that is accepted."""
        asked = monotonic()
        encode, media_type = _encoder(accept)
        async with self._turn:
            if self._begun <= asked or self._last.media_type != media_type:
                self._begun = monotonic()
                await self._loop.ask(self._count, _COUNTED_WITHIN_S)
                self._last = Response(encode(self._registry), media_type=media_type)
            return self._last


def _encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """What renders metrics, and its media type; the oldest format where a wish makes no sense."""
    try:
        return choose_encoder(accept)
    except TypeError:  # a version that is no number
        return choose_encoder("")
