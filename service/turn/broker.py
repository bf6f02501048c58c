"""Whose TURN servers clients are given: those of the first provider that has some.

Nobody waits for a provider. Each keeps what it has, and sees to it in the background that it is
fresh; whoever asks is given it at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from service.ports import Clock, IceServer, IceServers
from service.settings import Settings
from service.telemetry.metrics.turn import TurnMetrics
from service.turn.servers import TurnServers

_log = structlog.get_logger(__name__)

COTURN = "coturn"
NONE = "none"
AGAIN_MS = 60_000
"""How long clients are told that STUN alone is good for, when no provider has TURN servers."""


@dataclass(frozen=True, slots=True)
class SharedServers:
    """TURN servers, and STUN servers beside them, for everyone until `expires_at` (epoch ms)."""

    servers: tuple[IceServer, ...]
    expires_at: int


class Source(Protocol):
    """One provider's servers, the same for everyone."""

    @property
    def name(self) -> str:
        """The provider's, as `RINGLINE_TURN_PROVIDER` has it."""
        ...

    def current(self, now: int) -> SharedServers | None:
        """What it has, if that is still worth handing out."""
        ...

    def follow(self, settings: Settings) -> None:
        """Go on with the account that is set now; raises `ValueError` when it is unfit."""
        ...

    def tick(self, now: int) -> None:
        """Begin what is due in the background."""
        ...

    async def close(self) -> None:
        """Give up what runs in the background."""
        ...


class Broker:
    """An `IceSource` over several providers.

    Args:
        own: coturn's servers, and the STUN servers that all get.
        sources: the other providers.
        order: the names of all, first choice first.
        own_fails: whether coturn is known not to relay. It is passed over then, unless nothing else
            is there: it may be the node alone that cannot reach it.
        clock: now, in epoch ms.
    """

    def __init__(
        self,
        own: TurnServers,
        sources: Sequence[Source],
        *,
        order: Sequence[str],
        own_fails: Callable[[], bool],
        clock: Clock,
        metrics: TurnMetrics,
    ) -> None:
        self._own = own
        self._sources = {source.name: source for source in sources}
        self._order = tuple(order)
        self._own_fails = own_fails
        self._clock = clock
        self._metrics = metrics
        self._told = ""
        if sources or own.available:
            metrics.watch_serving((*order, NONE), lambda: self._choice(clock())[0])

    def lasts(self, now: int) -> int:
        """As `IceSource.lasts`."""
        provider, shared = self._choice(now)
        if shared is not None:
            return shared.expires_at - now
        return AGAIN_MS if self._out(provider) else self._own.lasts(now)

    def servers(self, user: str, now: int, region: str | None = None) -> IceServers:
        """As `IceSource.servers`. Regions are coturn's: other providers find the nearest one."""
        provider, shared = self._choice(now)
        if shared is None:
            ice = self._own.servers(user, now, region)
            return _until(ice, now, now + AGAIN_MS) if self._out(provider) else ice
        self._own.check(region)
        self._metrics.issued("")
        ice = IceServers((*self._own.stun, *shared.servers), self._own.transport_policy, 0, 0)
        return _until(ice, now, shared.expires_at)

    async def tick(self) -> None:
        """Begin what is due in the background, and tell whose servers are handed out."""
        now = self._clock()
        for source in self._sources.values():
            source.tick(now)
        provider, _ = self._choice(now)
        if self._sources and provider != self._told:
            self._told = provider
            _log.info("turn.provider_serving", provider=provider)

    async def close(self) -> None:
        """Give up what runs in the background."""
        for source in self._sources.values():
            await source.close()

    def _choice(self, now: int) -> tuple[str, SharedServers | None]:
        """The first provider that has something, and what, unless it is coturn, which mints."""
        for name in self._order:
            if name == COTURN:
                if self._own.available and not self._own_fails():
                    return COTURN, None
            elif shared := self._sources[name].current(now):
                return name, shared
        return (COTURN if self._own.available else NONE), None

    def _out(self, provider: str) -> bool:
        """Whether it is for want of a provider that there is STUN alone."""
        return provider == NONE and bool(self._sources)


def _until(ice: IceServers, now: int, expires_at: int) -> IceServers:
    return replace(ice, ttl=(expires_at - now) // 1000, expires_at=expires_at)
