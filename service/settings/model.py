"""All settings as one frozen value."""

from pydantic import BaseModel
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.settings.sections.calls import Calls
from service.settings.sections.limits import Limits
from service.settings.sections.listening import Listening
from service.settings.sections.logs import Logs
from service.settings.sections.secret_files import SecretFiles
from service.settings.sections.tokens import Tokens
from service.settings.sections.turn import Turn
from service.settings.sections.turn_accounts import TurnAccounts

PREFIX = "RINGLINE_"

SECTIONS: tuple[type[BaseModel], ...] = (
    Listening, Tokens, Turn, TurnAccounts, Calls, Limits, Logs, SecretFiles,
)  # fmt: skip


# Python reads the bases from the last to the first: these stand in the order of SECTIONS.
class Settings(
    SecretFiles, Logs, Limits, Calls, TurnAccounts, Turn, Tokens, Listening, BaseSettings
):
    """All settings. Each value is checked here; `load` checks whether they fit together.

    The constructor reads only its arguments: no environment, no file.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        enable_decoding=False,  # lists are comma separated here, not JSON
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the arguments; `service.settings.sources` reads the rest."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def variable(setting: str) -> str:
    """The environment variable of a setting: `port` is `RINGLINE_PORT`."""
    return PREFIX + setting.upper()


def changes(setting: str) -> str | None:
    """When a new value of a setting counts, in a sentence; None if at the next start."""
    extra = Settings.model_fields[setting].json_schema_extra
    live = extra.get("live") if isinstance(extra, dict) else None
    return live if isinstance(live, str) else None
