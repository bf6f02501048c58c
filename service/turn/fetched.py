"""TURN servers of an account at a provider, fetched ahead.

All clients get the same servers. They are fetched anew every hour, and asked to last an hour longer
than `RINGLINE_TURN_TTL`: so each client can use them for that time, also when the provider is down.
After a failure the next fetch begins 2, 4, 8 s later and so on, and then every minute.
"""

import asyncio
import random
from collections.abc import Callable
from typing import ClassVar, Protocol

import structlog

from service.background import Background, backoff_ms
from service.download import Ask, Undelivered, download
from service.ports import Clock, IceServer
from service.settings import Settings
from service.telemetry.metrics.turn import TurnMetrics
from service.turn.provider import SharedServers

RENEWAL_S = 3_600
TIMEOUT_S = 5.0
LARGEST = 16 * 1024  # bytes
LONGEST_PAUSE_MS = 60_000
_LEAST_S = 300

_log = structlog.get_logger(__name__)


class Account(Protocol):
    """An account at a provider whose API is HTTP; compared by value."""

    name: ClassVar[str]
    """Its provider's name in `RINGLINE_TURN_PROVIDER`."""
    longest_s: ClassVar[int]
    """The longest lifetime that the provider gives, in seconds."""

    def ask(self, lifetime_s: int) -> Ask:
        """The HTTP request for servers whose credential lasts so long."""

    def read(self, answer: bytes, lifetime_s: int) -> tuple[tuple[IceServer, ...], int]:
        """The servers in an answer, and for how many seconds their credential is valid.

        Raises:
            ValueError: it is not such an answer, or has no TURN server.
        """


class FetchedServers(Background):
    """A `Provider` of the servers that were fetched last.

    Args:
        account_of: gives the account that is set.
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
        super().__init__()
        self._account_of = account_of
        self._account = account_of(settings)
        self.name = self._account.name
        self._ttl = settings.turn_ttl
        self._clock = clock
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._shared: SharedServers | None = None
        self._failures = 0
        self._due_at = 0
        metrics.fetches_from(self.name)

    def current(self, now: int) -> SharedServers | None:
        """The servers, until too little of their lifetime is left to set up a call."""
        shared = self._shared
        return shared if shared and shared.expires_at - now >= self._least_ms else None

    def follow(self, settings: Settings) -> None:
        """Fetch with the account that is set now; until then the servers fetched before stay."""
        account = self._account_of(settings)
        if account != self._account:
            self._account, self._failures, self._due_at = account, 0, 0
            _log.info("turn.account_changed", provider=self.name)

    def tick(self, now: int) -> None:
        """Begin a fetch when one is due."""
        if now >= self._due_at:
            self.begin(self._fetch)

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
        now = self._clock()
        self._due_at = now + _about(backoff_ms(self._failures, LONGEST_PAUSE_MS))
        self._metrics.fetch_failed(self.name)
        left_s = max(0, self._shared.expires_at - now) // 1000 if self._shared else 0
        _log.warning("turn.fetch_failed", provider=self.name, reason=why, seconds_left=left_s)


def _about(span_ms: float) -> int:
    """Up to a tenth sooner, so that nodes that started together do not fetch together."""
    return round(span_ms * random.uniform(0.9, 1))  # noqa: S311 - nobody gains by guessing it
