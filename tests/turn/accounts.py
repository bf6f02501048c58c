"""Settings that name accounts at the doubles, and what fetches from those."""

from collections.abc import Callable
from typing import Any

from service.settings import Settings
from service.telemetry.metrics import Metrics
from service.turn.fetched import Account, FetchedServers
from tests.auth.waiting import Hands
from tests.support.service import SECRET
from tests.turn.providers import ACCOUNT_SID, API_TOKEN, AUTH_TOKEN, KEY_ID, Api

NOW = 1_700_000_000_000
TTL_S, HOUR_MS = 14_400, 3_600_000


def at_cloudflare(api: Api, **more: Any) -> dict[str, Any]:
    """Settings of an account at Cloudflare."""
    return {
        "turn_provider": ("cloudflare",), "cloudflare_turn_key_id": KEY_ID,
        "cloudflare_turn_api_token": API_TOKEN, "cloudflare_api_url": api.url, **more,
    }  # fmt: skip


def at_twilio(api: Api, **more: Any) -> dict[str, Any]:
    """Settings of an account at Twilio."""
    return {
        "turn_provider": ("twilio",), "twilio_account_sid": ACCOUNT_SID,
        "twilio_api_secret": AUTH_TOKEN, "twilio_api_url": api.url, **more,
    }  # fmt: skip


class Watched:
    """What fetches, its clock and its metrics."""

    def __init__(
        self, account_of: Callable[[Settings], Account], settings: dict[str, Any], **options: Any
    ) -> None:
        self.clock = Hands(NOW)
        self.metrics = Metrics("test")
        self.settings = settings
        self.fetching = FetchedServers(
            account_of, self.read(), clock=self.clock, metrics=self.metrics.turn, **options
        )

    def read(self, **more: Any) -> Settings:
        """The settings as they are, with some changed."""
        return Settings.model_validate({"jwt_secret": SECRET, **self.settings, **more})

    async def tick(self) -> None:
        """What is due was begun, and has ended."""
        self.fetching.tick(self.clock.now)
        await self.fetching.under_way()

    async def later(self, ms: float) -> None:
        """Time has passed, and what is due was done."""
        self.clock.now += round(ms)
        await self.tick()

    @property
    def user(self) -> str | None:
        """Whose credentials are handed out; None where there are none."""
        shared = self.fetching.current(self.clock.now)
        return next(one.username for one in shared.servers if one.username) if shared else None

    def counted(self, name: str, **labels: str) -> float | None:
        """A metric's value."""
        labels = {"provider": self.fetching.name, **labels}
        return self.metrics.families.registry.get_sample_value(f"ringline_{name}", labels)
