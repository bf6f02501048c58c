"""TURN servers with a fixed user name and credential, as an operator wrote them."""

import msgspec

from service.ports import IceServer
from service.settings import Settings
from service.turn.provider import SharedServers
from service.turn.rtc_ice_servers import RtcIceServer, usable


class StaticServers:
    """A `Provider` of the servers of `RINGLINE_TURN_STATIC_SERVERS`.

    Raises:
        ValueError: the setting has none; the message says what to do, and repeats no credential.
    """

    name = "static"

    def __init__(self, settings: Settings) -> None:
        self._lasts_ms = settings.turn_ttl * 1000
        self.follow(settings)

    def current(self, now: int) -> SharedServers:
        """The servers, with the advice to ask again after `RINGLINE_TURN_TTL`."""
        return SharedServers(self._servers, now + self._lasts_ms)

    def follow(self, settings: Settings) -> None:
        """Use the servers that are set now."""
        servers = settings.turn_static_servers
        self._servers = _read(servers.get_secret_value() if servers else "")

    def tick(self, now: int) -> None:
        """Do nothing: nothing runs in the background."""

    async def close(self) -> None:
        """Do nothing: nothing runs in the background."""


def _read(text: str) -> tuple[IceServer, ...]:
    try:
        return usable(msgspec.json.decode(text, type=tuple[RtcIceServer, ...]))
    except (ValueError, RecursionError) as unfit:
        raise ValueError(
            f"RINGLINE_TURN_STATIC_SERVERS is not a list of ICE servers ({unfit}); write "
            '[{"urls": ["turn:turn.example.org"], "username": "…", "credential": "…"}].'
        ) from None
