"""Accounts at TURN providers."""

from pydantic import BaseModel, Field, SecretStr

from service.settings.sections import Followed
from service.settings.values.addresses import WebUrl
from service.settings.values.kinds import AccountId, ApiSecret


class TurnAccounts(BaseModel):
    """Accounts at TURN providers."""

    cloudflare_turn_key_id: Followed[AccountId | None] = Field(
        default=None, description="Id of a TURN key of Cloudflare Realtime."
    )
    cloudflare_turn_api_token: Followed[ApiSecret | None] = Field(
        default=None, repr=False, description="The API token of that TURN key."
    )
    cloudflare_api_url: Followed[WebUrl] = Field(
        default="https://rtc.live.cloudflare.com", description="URL of Cloudflare's API."
    )
    twilio_account_sid: Followed[AccountId | None] = Field(
        default=None, description="SID of a Twilio account (`AC…`)."
    )
    twilio_api_key: Followed[AccountId | None] = Field(
        default=None,
        description="SID of an API key of that account (`SK…`); if unset, the auth token of the "
        "account is used.",
    )
    twilio_api_secret: Followed[ApiSecret | None] = Field(
        default=None, repr=False, description="The secret of that API key, or the auth token."
    )
    twilio_api_url: Followed[WebUrl] = Field(
        default="https://api.twilio.com",
        description="URL of Twilio's API; that of a region is for example "
        "`https://api.dublin.ie1.twilio.com`.",
    )
    turn_static_servers: Followed[SecretStr | None] = Field(
        default=None,
        repr=False,
        description="TURN servers with a fixed user name and credential, which every user "
        'gets: JSON, `[{"urls": ["turn:turn.example.org"], "username": "u", "credential": "c"}]`.',
    )
