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

from dotenv import dotenv_values

from service.settings.mistakes import SettingsError
from service.settings.model import PREFIX, Settings, variable

ENV_FILE = Path(".env")
_ENVIRONMENT = "environment"
_NAMES = {setting: variable(setting) for setting in Settings.model_fields}
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
_Texts = Mapping[str, str | None]
"""What is set, by its name in capitals."""


def read(environ: Mapping[str, str], *, env_file: Path | None = ENV_FILE) -> Reading:
    """Collect every value that is set.

    Raises:
        SettingsError: a file or folder cannot be read.
    """
    environment, dotenv = _in_capitals(environ), _in_capitals(_dotenv(env_file))
    layers = [_layer(environment, _ENVIRONMENT), _layer(dotenv, str(env_file))]
    secrets_dir = ChainMap(*layers).get("secrets_dir")
    layers.append(_secret_files(*secrets_dir) if secrets_dir else {})
    layers.append(_layer(environment, _ENVIRONMENT, _FORMER_NAMES))
    layers.append(_layer(dotenv, str(env_file), _FORMER_NAMES))
    found = ChainMap(*layers)
    return Reading(
        values={setting: text for setting, (text, _) in found.items()},
        sources={setting: source for setting, (_, source) in found.items()},
        warnings=(
            *_unknown_variables({**dotenv, **environment}),
            *(_unknown_files(*secrets_dir) if secrets_dir else ()),
        ),
    )


def _in_capitals(texts: _Texts) -> _Texts:
    return {name.upper(): text for name, text in texts.items() if text != ""}


def _layer(texts: _Texts, place: str, names: Mapping[str, str] = _NAMES) -> _Layer:
    """The settings that are set in one place, where they have these names."""
    return {
        setting: (text, Source(name, place))
        for setting, name in names.items()
        if (text := _stripped(name, texts.get(name) or ""))
    }


def _stripped(name: str, text: str) -> str:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise SettingsError(f"{name}: the value is not UTF-8 text.")
    return text.strip()


def _dotenv(path: Path | None) -> _Texts:
    try:
        return dotenv_values(path) if path else {}
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingsError(f"{path} cannot be read: {_why(failure)}.") from None


def _secret_files(folder: str, source: Source) -> _Layer:
    if not Path(folder).is_dir():
        raise SettingsError(f'{source}: "{folder}" is not a folder; name one with secret files.')
    try:
        found = {
            variable(setting): path.read_text("utf-8")
            for setting, path in _files(folder)
            if setting in _NAMES and _stays(folder, path)
        }
    except (OSError, UnicodeDecodeError) as failure:
        why = _why(failure)
        raise SettingsError(f'{source}: a file in "{folder}" cannot be read: {why}.') from None
    return _layer(found, "a secret file")


def _files(folder: str) -> list[tuple[str, Path]]:
    """Each file with the setting that its name means; names with the prefix come last.

    Those of Kubernetes begin with a dot, and are none.
    """
    files = [path for path in Path(folder).iterdir() if path.name[0] != "." and path.is_file()]
    files.sort(key=lambda path: (path.name.upper().startswith(PREFIX), path.name))
    return [(path.name.lower().removeprefix(PREFIX.lower()), path) for path in files]


def _stays(folder: str, path: Path) -> bool:
    """Whether a file is in the folder itself, and no link to one elsewhere."""
    return path.resolve().is_relative_to(Path(folder).resolve())


def _why(failure: OSError | UnicodeDecodeError) -> str:
    if isinstance(failure, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return failure.strerror or str(failure)


def _unknown_variables(texts: _Texts) -> Iterator[str]:
    known = set(_NAMES.values())
    for name in sorted(texts.keys() - known):
        if name.startswith(PREFIX):
            yield _ignored(name, name, known)


def _unknown_files(folder: str, source: Source) -> Iterator[str]:
    """A sentence for each file that is no setting, or a link that leads out of the folder."""
    strangers = []
    for setting, path in _files(folder):
        file = f'{source}: the file "{path.name}"'
        if setting not in _NAMES:
            strangers.append(_ignored(file, setting.partition(".")[0], set(_NAMES)))
        elif not _stays(folder, path):
            yield f"{file} is a link that leads out of the folder and is ignored."
    yield from sorted(strangers[:_MOST_FILES])
    if more := strangers[_MOST_FILES:]:
        yield f"{source}: {len(more)} more files are not settings of this version and are ignored."


def _ignored(shown: str, name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=_CLOSE)
    hint = f"; is {close[0]} meant?" if close else "."
    return f"{shown} is not a setting of this version and is ignored{hint}"
