"""Twilio's Network Traversal Service.

https://www.twilio.com/docs/stun-turn/api
"""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote, urlencode

import msgspec
from pydantic import SecretStr

from service.download import Ask
from service.ports import IceServer
from service.settings import Settings
from service.turn.rtc_ice_servers import RtcIceServer, usable


class _Answer(msgspec.Struct):
    ice_servers: tuple[RtcIceServer, ...]
    ttl: int  # seconds, which Twilio writes as text


@dataclass(frozen=True, slots=True)
class Twilio:
    """An account, and an API key and its secret, or the account's SID and auth token instead."""

    account_sid: str
    api_key: str
    api_secret: str = field(repr=False)
    api_url: str
    name: ClassVar[str] = "twilio"
    longest_s: ClassVar[int] = 86_400

    @classmethod
    def of(cls, settings: Settings) -> "Twilio":
        """The account that is set."""
        account = settings.twilio_account_sid or ""
        secret = settings.twilio_api_secret or SecretStr("")
        return cls(
            account,
            settings.twilio_api_key or account,
            secret.get_secret_value(),
            settings.twilio_api_url.rstrip("/"),
        )

    def ask(self, lifetime_s: int) -> Ask:
        """As `Account.ask`."""
        account = quote(self.account_sid, safe="")
        basic = b64encode(f"{self.api_key}:{self.api_secret}".encode()).decode("ascii")
        return Ask(
            f"{self.api_url}/2010-04-01/Accounts/{account}/Tokens.json",
            {"Authorization": f"Basic {basic}"},
            urlencode({"Ttl": lifetime_s}).encode(),
        )

    def read(self, answer: bytes, lifetime_s: int) -> tuple[tuple[IceServer, ...], int]:
        """As `Account.read`."""
        token = msgspec.json.decode(answer, type=_Answer, strict=False)
        return usable(token.ice_servers), min(token.ttl, lifetime_s)
