"""A provider of TURN servers, as the broker asks it."""

from dataclasses import dataclass
from typing import Protocol

from service.ports import IceServer
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class SharedServers:
    """TURN servers, and STUN servers beside them, for everyone until `expires_at` (epoch ms)."""

    servers: tuple[IceServer, ...]
    expires_at: int


class Provider(Protocol):
    """A provider whose servers are the same for everyone."""

    name: str
    """Its name in `RINGLINE_TURN_PROVIDER`."""

    def current(self, now: int) -> SharedServers | None:
        """Its servers, unless there are none or they expire too soon."""

    def follow(self, settings: Settings) -> None:
        """Use the account that is set now; raises `ValueError` when that is wrong."""

    def tick(self, now: int) -> None:
        """Begin what is due in the background."""

    async def close(self) -> None:
        """Cancel what runs in the background."""
