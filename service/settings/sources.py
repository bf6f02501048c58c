"""Where values come from.

The first source that has a value wins:

1. the environment
2. the file `.env` in the working directory
3. secret files in the folder that `RINGLINE_SECRETS_DIR` names
4. `PORT` and `CLIENT_URL`, as the replaced system calls them, in the environment or `.env`

An empty value counts as none. Values are checked elsewhere.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from pydantic_settings import (
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as Unreadable

from service.settings.mistakes import SettingsError
from service.settings.model import PREFIX, Settings, variable

ENV_FILE = Path(".env")
_ENVIRONMENT = "environment"
_FORMER_NAMES = {"port": "PORT", "cors_origins": "CLIENT_URL"}
_CLOSE = 0.85  # of 1: a letter or two differ
_MOST_FILES = 10  # named one by one: the folder may be for other things


class Source(NamedTuple):
    """Where a value was found: its name there, and in which source."""

    name: str
    place: str

    def __str__(self) -> str:
        """The name, and the source unless that is the environment."""
        return self.name if self.place == _ENVIRONMENT else f"{self.name} (in {self.place})"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found: each setting's text and source, and a sentence for each unknown name."""

    values: Mapping[str, str]
    sources: Mapping[str, Source]
    warnings: tuple[str, ...] = ()


_Layer = dict[str, tuple[str, Source]]


class _Variables(EnvSettingsSource):
    """Environment variables that are passed in, instead of the process's own."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = {name.lower(): value for name, value in variables.items()}


def read(environ: Mapping[str, str], *, env_file: Path | None = ENV_FILE) -> Reading:
    """Collect every value that is set.

    Raises:
        SettingsError: a file or folder cannot be read.
    """
    environment, dotenv = _Variables(environ), _dotenv(env_file)
    layers = [_layer(environment, _ENVIRONMENT), _layer(dotenv, str(env_file))]
    secrets_dir = ChainMap(*layers).get("secrets_dir")
    layers.append(_secret_files(*secrets_dir) if secrets_dir else {})
    layers.append(_former(environment, _ENVIRONMENT))
    layers.append(_former(dotenv, str(env_file)))
    found = ChainMap(*layers)
    return Reading(
        values={setting: text for setting, (text, _) in found.items()},
        sources={setting: source for setting, (_, source) in found.items()},
        warnings=(
            *_unknown_variables(environment, dotenv),
            *(_unknown_files(*secrets_dir) if secrets_dir else ()),
        ),
    )


def _layer(source: PydanticBaseSettingsSource, place: str) -> _Layer:
    return {
        setting: (text.strip(), Source(variable(setting), place))
        for setting, text in source().items()
        if setting in Settings.model_fields and text and _unbroken(setting, text).strip()
    }


def _unbroken(setting: str, text: str) -> str:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise SettingsError(f"{variable(setting)}: the value is not UTF-8 text.")
    return text


def _dotenv(path: Path | None) -> DotEnvSettingsSource:
    try:
        return DotEnvSettingsSource(Settings, env_file=path)
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingsError(f"{path} cannot be read: {_why(failure)}.") from None


def _secret_files(folder: str, source: Source) -> _Layer:
    if not Path(folder).is_dir():
        raise SettingsError(f'{source}: "{folder}" is not a folder; name one with secret files.')
    try:
        bare, prefixed = (
            _layer(SecretsSettingsSource(Settings, folder, env_prefix=prefix), "a secret file")
            for prefix in ("", PREFIX)
        )
    except Unreadable as failure:
        why = _why(failure.__cause__)
        raise SettingsError(f'{source}: a file in "{folder}" cannot be read: {why}.') from None
    return bare | prefixed


def _why(failure: BaseException | None) -> str:
    if isinstance(failure, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return (failure.strerror if isinstance(failure, OSError) else None) or str(failure)


def _former(variables: EnvSettingsSource, place: str) -> _Layer:
    return {
        setting: (text, Source(name, place))
        for setting, name in _FORMER_NAMES.items()
        if (text := (variables.env_vars.get(name.lower()) or "").strip())
    }


def _unknown_variables(*variables: EnvSettingsSource) -> Iterator[str]:
    known = set(map(variable, Settings.model_fields))
    names = {name.upper() for source in variables for name in source.env_vars}
    for name in sorted(names - known):
        if name.startswith(PREFIX):
            yield _ignored(name, name, known)


def _unknown_files(folder: str, source: Source) -> Iterator[str]:
    """A sentence for each file that is no setting; those of Kubernetes begin with a dot."""
    known = set(Settings.model_fields)
    try:
        found = sorted(Path(folder).iterdir())
    except OSError:  # its files can be read by name, but not listed
        return
    strangers = [
        (path.name, name)
        for path in found
        if not path.name.startswith(".") and path.is_file()
        if (name := path.name.lower().removeprefix(PREFIX.lower())) not in known
    ]
    for shown, name in strangers[:_MOST_FILES]:
        yield _ignored(f'{source}: the file "{shown}"', name.partition(".")[0], known)
    if more := strangers[_MOST_FILES:]:
        yield f"{source}: {len(more)} more files are not settings of this version and are ignored."


def _ignored(shown: str, name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=_CLOSE)
    hint = f"; is {close[0]} meant?" if close else "."
    return f"{shown} is not a setting of this version and is ignored{hint}"
