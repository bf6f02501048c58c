"""Keys from an identity provider's JWKS URL.

A token whose key is in the set waits for nothing, however old the set is: so a provider's outage
ends no key. If the set lacks the key that a token names, a newer set is fetched, since the key may
be new; the token is refused only if a fetch that began after it came has no such key. Names can be
made up, so each sender may cause one such fetch in 30 s, and all senders one a second, whose result
all waiting tokens share.
"""

import asyncio
from collections.abc import Callable, Sequence

from service.auth.fetched import PACE_MS, TIMEOUT_S, FetchedKeys, monotonic_ms
from service.auth.keys import ASYMMETRIC, BadSignature, Material
from service.auth.keyset import NamedKey
from service.auth.senders import MOST_SENDERS, block_of
from service.errors import AuthUnavailable, Unauthenticated
from service.limits import Limit, Meters
from service.ports import Clock

LOOKUPS = Limit(1, 30_000)
PATIENCE_S = 8.0
"""How long a token waits for its key: less than a connection has to sign in."""
MOST_TRIED = 8


class JwksKeys(FetchedKeys):
    """The keys of a JWKS URL.

    Args:
        url, clock, timeout_s, fetched: as for `FetchedKeys`.
        algorithms: those with which tokens may be signed.
    """

    def __init__(
        self,
        url: str,
        *,
        algorithms: frozenset[str] = ASYMMETRIC,
        clock: Clock = monotonic_ms,
        timeout_s: float = TIMEOUT_S,
        fetched: Callable[[bool], None] = lambda _: None,
    ) -> None:
        super().__init__(url, clock=clock, timeout_s=timeout_s, fetched=fetched)
        self.algorithms = algorithms
        self._lookups = Meters(LOOKUPS, MOST_SENDERS)

    async def candidates(self, kid: str | None, alg: str, sender: str) -> Sequence[Material]:
        """The keys, one of which must verify a token with this header.

        Args:
            kid: the name of the key; None asks for all keys of the algorithm, 8 at most.
            alg: one of `algorithms`.
            sender: the address that the token came from, by which fetches are limited.

        Raises:
            BadSignature: the key of that name is for another algorithm.
            Unauthenticated: there is no such key.
            AuthUnavailable: it cannot be found out now; retrying may help.
        """
        came = self.begun
        wait_ms = 0
        if not self._named(kid, alg):
            wait_ms = await self._look(kid, alg, sender, came)
        if named := self._named(kid, alg):
            return _fitting(named, alg)
        if self.number > came:
            raise Unauthenticated(
                "The token is signed with a key that the identity provider lacks."
            )
        raise AuthUnavailable(
            "The key that the token is signed with is not known yet; try again."
            if self.keys is not None
            else "The identity provider's keys could not be fetched yet; try again.",
            retry_after_ms=wait_ms or max(PACE_MS, self.pause_ms),
        )

    async def _look(self, kid: str | None, alg: str, sender: str, came: int) -> int:
        """Wait for a set that may have the key; gives the ms until this sender may cause one."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.under_way()
                if self._named(kid, alg):
                    return 0
                if wait_ms := self._charged(sender):
                    return wait_ms
                await self.newer_than(came)
        except TimeoutError:
            pass
        return 0

    def _charged(self, sender: str) -> int:
        """The ms until this sender may cause a fetch; 0 if no fetch can begin on its account."""
        if self.keys is None or not self.soon:
            return 0
        return self._lookups.take(block_of(sender), self._clock())

    def _named(self, kid: str | None, alg: str) -> list[NamedKey]:
        keys = self.keys or ()
        if kid is None:
            return [key for key in keys if key.alg == alg]
        return [key for key in keys if key.kid == kid]


def _fitting(named: Sequence[NamedKey], alg: str) -> list[Material]:
    fitting = [key.material for key in named if key.alg == alg]
    if not fitting:
        raise BadSignature("The token's algorithm is not the one its key is for.")
    if len(fitting) > MOST_TRIED:
        raise Unauthenticated("The token needs a kid that tells several keys apart.")
    return fitting
