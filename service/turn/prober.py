"""Each node probes its TURN server twice a minute."""

import asyncio

import structlog

from service.ports import Clock, IceSource
from service.telemetry.metrics.turn import TurnMetrics
from service.turn.probe import probe

_log = structlog.get_logger(__name__)

EVERY_MS = 30_000


class Prober:
    """Probes in the background; a probe that takes long delays only the next one."""

    def __init__(self, ice: IceSource, clock: Clock, metrics: TurnMetrics) -> None:
        self._ice = ice
        self._clock = clock
        self._metrics = metrics
        self._next_at = 0
        self._failures = 0
        self._running: asyncio.Task[None] | None = None

    @property
    def fails(self) -> bool:
        """Whether the last two probes failed: a single failure may be a lost packet."""
        return self._failures > 1

    async def tick(self) -> None:
        """Begin a probe when one is due."""
        now = self._clock()
        if now >= self._next_at and (self._running is None or self._running.done()):
            self._next_at = now + EVERY_MS
            self._running = asyncio.create_task(self._probe(now))

    async def close(self) -> None:
        """Cancel the probe that runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _probe(self, now: int) -> None:
        probed = await probe(self._ice, now)
        self._metrics.probe_success.set(probed.ok)
        self._failures = 0 if probed.ok else self._failures + 1
        if probed.ok:
            self._metrics.probe_seconds.observe(probed.seconds)
        else:
            _log.warning("turn.probe_failed", stage=probed.stage, reason=probed.reason)
