"""The newest key set of a URL.

One fetch runs at a time, in a thread: at the start, every 4 min, and when a token needs a newer
set. The next may begin a second after one that worked, and after failures in a row 2, 4, 8, 16 and
then 30 s after each.
"""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog

from service.auth.keyset import NamedKey, fetch
from service.background import Background, backoff_ms
from service.download import Undelivered
from service.ports import Clock

REFRESH_MS = 4 * 60_000
PACE_MS = 1_000
LONGEST_PAUSE_MS = 30_000
TIMEOUT_S = 5.0

_log = structlog.get_logger(__name__)


def monotonic_ms() -> int:
    """Milliseconds of a clock that is never set."""
    return time.monotonic_ns() // 1_000_000


class FetchedKeys(Background):
    """The keys that were fetched last, in `keys`: None before there were any.

    `begun` counts fetches; `number` is the one that brought these keys.

    Args:
        url: `http://` or `https://`; redirects are not followed.
        clock: milliseconds that never go back; only differences matter.
        timeout_s: for one fetch, from the connection to the last byte.
        fetched: is called after every fetch with whether it worked.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = monotonic_ms,
        timeout_s: float = TIMEOUT_S,
        fetched: Callable[[bool], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._url = url
        self._shown = _shown(url)
        self._clock = clock
        self._timeout_s = timeout_s
        self._fetched = fetched
        self.keys: tuple[NamedKey, ...] | None = None
        self.begun = self.number = 0
        self._failures = 0
        self._why = "the first fetch has not ended"
        self._free_at = self._due_at = clock()

    @property
    def trouble(self) -> str | None:
        """Why there are no keys yet, in a sentence; None once there are."""
        return None if self.keys is not None else f"No keys from {self._shown}: {self._why}."

    @property
    def pause_ms(self) -> int:
        """How long no fetch may begin, in milliseconds."""
        return max(0, self._free_at - self._clock())

    @property
    def soon(self) -> bool:
        """Whether a fetch may begin within a second; after a failure it may not."""
        return self.pause_ms <= PACE_MS and not self._closed

    def tick(self) -> None:
        """Begin a fetch when one is due."""
        if self._clock() >= self._due_at:
            self._begin_fetch()

    async def newer_than(self, number: int) -> None:
        """Wait for the set of a later fetch than this, if one may begin `soon`."""
        while self.number <= number and self.soon:
            if not self.busy and (pause := self.pause_ms):
                await asyncio.sleep(pause / 1000)
            self._begin_fetch()
            await self.under_way()

    def _begin_fetch(self) -> None:
        if not self.pause_ms:
            self.begin(self._fetch)

    async def _fetch(self) -> None:
        self.begun += 1
        number, begun_at = self.begun, self._clock()
        try:
            async with asyncio.timeout(self._timeout_s):
                keys = await asyncio.to_thread(fetch, self._url, self._timeout_s)
        except (Undelivered, TimeoutError) as failure:
            self._failed(str(failure) or "no answer in time")
        else:
            if keys or self.keys:
                self._had(keys, number, begun_at)
            else:
                self._failed("it has no key for RS256, ES256 or EdDSA")
        self._fetched(not self._failures)

    def _had(self, keys: tuple[NamedKey, ...], number: int, begun_at: int) -> None:
        if self._failures or self.keys is None:
            _log.info("auth.jwks_fetched", url=self._shown, keys=len(keys))
        self.keys, self.number, self._failures = keys, number, 0
        self._free_at, self._due_at = begun_at + PACE_MS, begun_at + REFRESH_MS

    def _failed(self, why: str) -> None:
        self._why, self._failures = why, self._failures + 1
        pause = backoff_ms(self._failures, LONGEST_PAUSE_MS)
        self._free_at = self._due_at = self._clock() + pause
        _log.warning(
            "auth.jwks_failed", url=self._shown, reason=why, known_keys=len(self.keys or ())
        )


def _shown(url: str) -> str:
    """The URL without its user, password, query and fragment, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
