"""Each node probes its TURN server twice a minute."""

import structlog

from service.background import Background
from service.ports import Clock, IceSource
from service.telemetry.metrics.turn import TurnMetrics
from service.turn.probe import probe

_log = structlog.get_logger(__name__)

EVERY_MS = 30_000


class Prober(Background):
    """Probes in the background; a probe that takes long delays only the next one."""

    def __init__(self, ice: IceSource, clock: Clock, metrics: TurnMetrics) -> None:
        super().__init__()
        self._ice = ice
        self._clock = clock
        self._metrics = metrics
        self._next_at = 0
        self._failures = 0

    @property
    def fails(self) -> bool:
        """Whether the last two probes failed: a single failure may be a lost packet."""
        return self._failures > 1

    async def tick(self) -> None:
        """Begin a probe when one is due."""
        now = self._clock()
        if now >= self._next_at and not self.busy:
            self._next_at = now + EVERY_MS
            self.begin(self._probe)

    async def _probe(self) -> None:
        probed = await probe(self._ice, self._clock())
        self._metrics.probe_success.set(probed.ok)
        self._failures = 0 if probed.ok else self._failures + 1
        if probed.ok:
            self._metrics.probe_seconds.observe(probed.seconds)
        else:
            _log.warning("turn.probe_failed", stage=probed.stage, reason=probed.reason)
