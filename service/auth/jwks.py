"""Keys from an identity provider's JWKS URL, kept fresh without ever holding anyone up.

By the age of the set:

    < 4 min     used as it is
    4 to 5 min  used as it is, while a fresh one is fetched in the background
    > 5 min     a fresh one is waited for; the old one is used only when the fetch fails, and
                while a failure of the last minute says that it would

A key that the set does not name is a reason to fetch, too. Whatever the reason, a fetch begins at
most every 30 s and is shared by all who wait for it; its 5 s are spent in a thread.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from service.auth.keys import BadSignature, Material
from service.auth.keyset import KeySetUnavailable, NamedKey, fetch
from service.errors import AuthUnavailable, Unauthenticated
from service.ports import Clock

REFRESH_MS = 4 * 60_000
STALE_MS = 5 * 60_000
GAP_MS = 30_000
DOUBT_MS = 60_000
TIMEOUT_S = 5.0

_log = structlog.get_logger(__name__)


def monotonic_ms() -> int:
    """Milliseconds on a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


class JwksKeys:
    """A `KeySource` over a JWKS URL.

    Args:
        url: `http://` or `https://`; redirects are not followed.
        clock: milliseconds that never go back; only differences matter.
        timeout_s: for one fetch, from the connection to the last byte.
        fetched: told of every fetch whether it worked.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = monotonic_ms,
        timeout_s: float = TIMEOUT_S,
        fetched: Callable[[bool], None] | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self._timeout_s = timeout_s
        self._fetched = fetched
        self._keys: tuple[NamedKey, ...] | None = None
        self._fetched_at = 0
        self._tried_at: int | None = None
        self._failed_at: int | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str | None, alg: str) -> Material:
        """As `KeySource.key`. A token without `kid` needs exactly one key of its algorithm."""
        if self._must_wait() or not self._named(kid, alg):
            await self._refresh()
        elif self._age() >= REFRESH_MS:
            self._begin()
        return self._one(self._named(kid, alg), alg)

    async def close(self) -> None:
        """Give up a fetch under way; its thread ends by its timeout."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    def _age(self) -> int:
        return self._clock() - self._fetched_at

    def _must_wait(self) -> bool:
        doubted = self._failed_at is not None and self._clock() - self._failed_at < DOUBT_MS
        return self._age() >= STALE_MS and not doubted

    def _named(self, kid: str | None, alg: str) -> list[NamedKey]:
        keys = self._keys or ()
        if kid is None:
            return [key for key in keys if key.alg == alg]
        return [key for key in keys if key.kid == kid]

    def _one(self, named: list[NamedKey], alg: str) -> Material:
        fitting = [key for key in named if key.alg == alg]
        if len(fitting) == 1:
            return fitting[0].material
        if fitting:
            raise Unauthenticated("The token needs a kid that tells several keys apart.")
        if named:
            raise BadSignature("The token's algorithm is not the one its key is for.")
        if self._keys is None or self._failed_at is not None:
            raise AuthUnavailable(
                "The identity provider's keys cannot be fetched; try again.",
                retry_after_ms=max(1, self._gap_left()),
            )
        raise Unauthenticated("The token is signed with a key that the identity provider lacks.")

    def _gap_left(self) -> int:
        if self._tried_at is None:
            return 0
        return self._tried_at + GAP_MS - self._clock()

    def _begin(self) -> None:
        if self._fetching is None and self._gap_left() <= 0:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch(self._tried_at), name="jwks-fetch")

    async def _refresh(self) -> None:
        self._begin()
        if self._fetching is not None:
            await asyncio.wait({self._fetching})  # which neither cancels it nor raises

    async def _fetch(self, begun_at: int) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._keys = await asyncio.to_thread(fetch, self._url, self._timeout_s)
        except (KeySetUnavailable, TimeoutError) as failure:
            self._failed_at = self._clock()
            _log.warning("auth.jwks_failed", reason=str(failure) or "no answer in time")
        else:
            self._fetched_at, self._failed_at = begun_at, None
        finally:
            self._fetching = None
        if self._fetched is not None:
            self._fetched(self._failed_at is None)
