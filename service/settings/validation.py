"""Makes settings of text, or reports all that is wrong with it at once."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.settings.mistakes import SettingsError, sentence
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
    settings, wrong, mistakes = _checked(reading)
    mistakes = (*mistakes, *broken(settings, wrong))
    if mistakes:
        raise SettingsError(*mistakes)
    return settings


def _checked(reading: Reading) -> tuple[Settings, frozenset[str], tuple[str, ...]]:
    """The settings that are right by themselves, the names of the wrong ones, and the mistakes."""
    try:
        return Settings.model_validate(reading.values), frozenset(), ()
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False)
    # A default that is made from a wrong setting is no mistake of its own.
    errors = [error for error in errors if error["type"] != "default_factory_not_called"]
    wrong = frozenset(str(error["loc"][0]) for error in errors)
    right = {setting: text for setting, text in reading.values.items() if setting not in wrong}
    mistakes = tuple(_mistake(reading, error) for error in errors)
    return Settings.model_validate(right), wrong, mistakes


def _mistake(reading: Reading, error: ErrorDetails) -> str:
    setting = str(error["loc"][0])
    name = str(reading.sources.get(setting) or variable(setting))
    return sentence(name, Settings.model_fields[setting], error)
