"""TURN servers of an account at a provider, fetched ahead.

One set is for everyone. It is renewed every hour and asked to last for `RINGLINE_TURN_TTL` and an
hour more: whoever is given it has it for that long, and an outage of the provider ends nothing
sooner. After a failure the next fetch begins 2, 4, 8 s later and so on, and then every minute.
"""

import asyncio
import random
from collections.abc import Callable

import structlog

from service.download import Undelivered, download
from service.ports import Clock, IceServer
from service.settings import Settings
from service.telemetry.metrics.turn import TurnMetrics
from service.turn.account import Account
from service.turn.broker import SharedServers

RENEWAL_S = 3_600
TIMEOUT_S = 5.0
LARGEST = 16 * 1024  # bytes
LONGEST_PAUSE_MS = 60_000
_PACE_MS = 1_000
_DOUBLINGS = 6
_LEAST_S = 300

_log = structlog.get_logger(__name__)


class Fetching:
    """A `Source` that has the set that was fetched last.

    Args:
        account_of: the account that the settings name.
        settings: those in force.
        clock: now, in epoch ms.
        timeout_s: for one fetch, from the connection to the last byte.
    """

    def __init__(
        self,
        account_of: Callable[[Settings], Account],
        settings: Settings,
        *,
        clock: Clock,
        metrics: TurnMetrics,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._account_of = account_of
        self._account = account_of(settings)
        self._ttl = settings.turn_ttl
        self._clock = clock
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._shared: SharedServers | None = None
        self._failures = 0
        self._due_at = 0
        self._running: asyncio.Task[None] | None = None
        self._closed = False
        metrics.fetches_from(self.name)

    @property
    def name(self) -> str:
        """The provider's."""
        return self._account.name

    def current(self, now: int) -> SharedServers | None:
        """The set, until there is not enough left of it to set up a call with."""
        shared = self._shared
        return shared if shared and shared.expires_at - now >= self._least_ms else None

    def follow(self, settings: Settings) -> None:
        """Fetch with what is set now; what was fetched with another token stays meanwhile."""
        account = self._account_of(settings)
        if account != self._account:
            self._account, self._failures, self._due_at = account, 0, 0
            _log.info("turn.account_changed", provider=self.name)

    def tick(self, now: int) -> None:
        """Begin a fetch when one is due."""
        if self._running is None and now >= self._due_at and not self._closed:
            self._running = asyncio.create_task(self._fetch(), name="turn-fetch")

    async def under_way(self) -> None:
        """Wait for the fetch that runs, if one does."""
        if self._running is not None:
            await asyncio.wait({self._running})

    async def close(self) -> None:
        """Give up a fetch under way, whose thread ends by its timeout, and begin none any more."""
        self._closed = True
        if self._running is not None:
            self._running.cancel()
            await self.under_way()

    @property
    def _least_ms(self) -> int:
        return min(_LEAST_S, self._ttl // 4) * 1000

    async def _fetch(self) -> None:
        account, begun_at = self._account, self._clock()
        asked_s = min(self._ttl + min(self._ttl, RENEWAL_S), account.longest_s)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await asyncio.to_thread(
                    download, account.ask(asked_s), timeout_s=self._timeout_s, largest=LARGEST
                )
            servers, lasts_s = account.read(answer, asked_s)
            self._had(servers, lasts_s, begun_at)
        except (Undelivered, TimeoutError) as failure:
            self._failed(str(failure) or "no answer in time")
        except (ValueError, RecursionError) as unfit:
            self._failed(f"what it gave cannot be used: {unfit}")
        finally:
            self._running = None
            if account != self._account:
                self._due_at = 0

    def _had(self, servers: tuple[IceServer, ...], lasts_s: int, begun_at: int) -> None:
        if lasts_s * 1000 <= self._least_ms:
            raise ValueError(f"it is good for {lasts_s} s only")
        if self._failures or self._shared is None:
            _log.info("turn.credentials_fetched", provider=self.name, seconds=lasts_s)
        self._shared, self._failures = SharedServers(servers, begun_at + lasts_s * 1000), 0
        self._metrics.fetched(self.name, self._shared.expires_at)
        renewal_s = min(self._ttl, RENEWAL_S, lasts_s / 2)
        self._due_at = begun_at + _about(renewal_s * 1000)

    def _failed(self, why: str) -> None:
        self._failures += 1
        pause = min(LONGEST_PAUSE_MS, _PACE_MS << min(self._failures, _DOUBLINGS))
        now = self._clock()
        self._due_at = now + _about(pause)
        self._metrics.fetch_failed(self.name)
        left_s = max(0, self._shared.expires_at - now) // 1000 if self._shared else 0
        _log.warning("turn.fetch_failed", provider=self.name, reason=why, seconds_left=left_s)


def _about(span_ms: float) -> int:
    """Up to a tenth sooner, so that nodes which began together do not come together."""
    return round(span_ms * random.uniform(0.9, 1))  # noqa: S311 - nobody gains by guessing it
