"""Cloudflare Realtime TURN.

https://developers.cloudflare.com/realtime/turn/generate-credentials/
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

import msgspec
from pydantic import SecretStr

from service.download import Ask
from service.ports import IceServer
from service.settings import Settings
from service.turn.rtc_ice_servers import RtcIceServer, usable

_BLOCKED = re.compile(r":53(\?|$)")
"""Cloudflare's alternate port, to which browsers do not connect."""


class _Answer(msgspec.Struct, rename="camel"):
    ice_servers: tuple[RtcIceServer, ...]


@dataclass(frozen=True, slots=True)
class Cloudflare:
    """A TURN key, by its id and its API token."""

    key_id: str
    api_token: str = field(repr=False)
    api_url: str
    name: ClassVar[str] = "cloudflare"
    longest_s: ClassVar[int] = 172_800

    @classmethod
    def of(cls, settings: Settings) -> "Cloudflare":
        """The key that is set."""
        token = settings.cloudflare_turn_api_token or SecretStr("")
        return cls(
            settings.cloudflare_turn_key_id or "",
            token.get_secret_value(),
            settings.cloudflare_api_url.rstrip("/"),
        )

    def ask(self, lifetime_s: int) -> Ask:
        """As `Account.ask`."""
        key = quote(self.key_id, safe="")
        return Ask(
            f"{self.api_url}/v1/turn/keys/{key}/credentials/generate-ice-servers",
            {"Authorization": f"Bearer {self.api_token}", "Content-Type": "application/json"},
            msgspec.json.encode({"ttl": lifetime_s}),
        )

    def read(self, answer: bytes, lifetime_s: int) -> tuple[tuple[IceServer, ...], int]:
        """As `Account.read`. The answer names no lifetime: it is the one that was asked for."""
        servers = msgspec.json.decode(answer, type=_Answer).ice_servers
        return usable(servers, lambda url: not _BLOCKED.search(url)), lifetime_s
