"""`ringline config`: the settings in force, and where each comes from."""

import json
import sys
from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from service.settings import SECTIONS, Reading, Settings, cautions, read, settings_from, variable

_MASK = "********"
_COLUMN = 44


def run(environ: Mapping[str, str]) -> int:
    """Print one `NAME=value` line for each setting.

    Raises:
        SettingsError: something is set wrong; nothing was printed.
    """
    reading = read(environ)
    settings = settings_from(reading)
    for line in lines(reading, settings):
        print(line)
    for warning in (*reading.warnings, *cautions(settings)):
        print(f"ringline: {warning}", file=sys.stderr)
    return 0


def lines(reading: Reading, settings: Settings) -> Iterator[str]:
    """The settings by section, secrets masked, each with its source as a comment."""
    for section in SECTIONS:
        yield f"# {section.__doc__}"
        for setting in section.model_fields:
            line = f"{variable(setting)}={written(getattr(settings, setting))}"
            # In a `.env` file a comment behind an empty value would be the value.
            unset = line.endswith("=")
            yield line if unset else f"{line:<{_COLUMN}} # {_place(setting, reading)}"
        yield ""


def _place(setting: str, reading: Reading) -> str:
    source = reading.sources.get(setting)
    if source is None:
        return "default"
    return source.place if source.name == variable(setting) else f"{source.name}, {source.place}"


def written(value: object) -> str:
    """A value as it would be set, on one line; a secret as asterisks."""
    match value:
        case None | {} if not value:
            return ""
        case bool():
            return str(value).lower()
        case SecretStr():
            return _MASK
        case tuple():
            return ",".join(map(written, value))
        case dict():
            return json.dumps(value)
        case _:
            return str(value).replace("\n", "\\n")
