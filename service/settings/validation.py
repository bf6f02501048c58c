"""Makes settings of text, or reports all that is wrong with it at once."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.settings.mistakes import SettingsError, shown, wanted
from service.settings.model import Settings, variable
from service.settings.rules import broken
from service.settings.sources import ENV_FILE, Reading, read


def load(environ: Mapping[str, str], *, env_file: Path | None = ENV_FILE) -> Settings:
    """The settings in force, from `environ`, `env_file` and secret files.

    Raises:
        SettingsError: something is wrong; one sentence for each mistake.
    """
    return settings_from(read(environ, env_file=env_file))


def settings_from(reading: Reading) -> Settings:
    """Check what was read.

    Raises:
        SettingsError: something is wrong; one sentence for each mistake.
    """
    errors = _errors(reading.values)
    wrong = frozenset(str(error["loc"][0]) for error in errors)
    settings = Settings.model_validate(
        {setting: text for setting, text in reading.values.items() if setting not in wrong}
    )
    mistakes = (*(_sentence(reading, error) for error in errors), *broken(settings, wrong))
    if mistakes:
        raise SettingsError(*mistakes)
    return settings


def _errors(values: Mapping[str, str]) -> list[ErrorDetails]:
    try:
        Settings.model_validate(values)
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False)
        # A default that is made from a wrong setting is no mistake of its own.
        return [error for error in errors if error["type"] != "default_factory_not_called"]
    return []


def _sentence(reading: Reading, error: ErrorDetails) -> str:
    """A sentence with the variable, its value unless secret, and what it must be."""
    setting = str(error["loc"][0])
    field = Settings.model_fields[setting]
    own = error.get("ctx", {}).get("error")  # our own checks say what it must be
    name = reading.sources.get(setting) or variable(setting)
    return f"{name}: {shown(field, error['input'])} {own or wanted(field)}."
