"""Whose TURN servers clients are given: those of the first provider that has some.

No request waits for a provider: each keeps its servers ready and renews them in the background.
"""

from collections.abc import Callable, Sequence

import structlog

from service.ports import Clock, IceServers
from service.telemetry.metrics.turn import TurnMetrics
from service.turn.provider import Provider, SharedServers
from service.turn.servers import TurnServers

_log = structlog.get_logger(__name__)

COTURN = "coturn"
NONE = "none"
AGAIN_MS = 60_000
"""How long a client may keep an answer with STUN alone, when no provider has TURN servers."""


class Broker:
    """An `IceSource` over several providers.

    Args:
        own: the coturn servers, and the STUN servers that every client is given.
        providers: the other providers.
        order: the names of all providers, first choice first.
        own_fails: whether coturn is known not to relay. Then it is used only if no other provider
            has servers: perhaps only this node cannot reach it.
        clock: now, in epoch ms.
    """

    def __init__(
        self,
        own: TurnServers,
        providers: Sequence[Provider],
        *,
        order: Sequence[str],
        own_fails: Callable[[], bool],
        clock: Clock,
        metrics: TurnMetrics,
    ) -> None:
        self._own = own
        self._providers = {provider.name: provider for provider in providers}
        self._order = tuple(order)
        self._own_fails = own_fails
        self._clock = clock
        self._metrics = metrics
        self._told = ""
        if providers or own.available:
            metrics.watch_serving((*order, NONE), lambda: self._choice(clock())[0])

    def lasts(self, now: int) -> int:
        """As `IceSource.lasts`."""
        _, shared = self._choice(now)
        return self._own.lasts(now) if shared is None else shared.expires_at - now

    def servers(self, user: str, now: int, region: str | None = None) -> IceServers:
        """As `IceSource.servers`. Only coturn has regions: other providers find the nearest one."""
        own = self._own
        shared = self._choice(now)[1] if self._providers else None
        if shared is None:
            return own.servers(user, now, region)
        if region is not None:
            own.check(region)
        if shared.servers:
            self._metrics.issued("")
        until = shared.expires_at
        servers = (*own.stun, *shared.servers)
        return IceServers(servers, own.transport_policy, (until - now) // 1000, until)

    async def tick(self) -> None:
        """Begin what is due in the background, and log whose servers are given out now."""
        now = self._clock()
        for provider in self._providers.values():
            provider.tick(now)
        name, _ = self._choice(now)
        if self._providers and name != self._told:
            self._told = name
            _log.info("turn.provider_serving", provider=name)

    async def close(self) -> None:
        """Cancel what runs in the background."""
        for provider in self._providers.values():
            await provider.close()

    def _choice(self, now: int) -> tuple[str, SharedServers | None]:
        """The name of the first provider that has servers, and these unless `own` has them."""
        available = self._own.available
        for name in self._order:
            if name == COTURN:
                if available and not self._own_fails():
                    return COTURN, None
            elif shared := self._providers[name].current(now):
                return name, shared
        if available:
            return COTURN, None
        return NONE, SharedServers((), now + AGAIN_MS) if self._providers else None
