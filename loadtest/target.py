"""Which service to load, and the key that it believes."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.cli.dev.run_file import RUN_FILE


class NoTarget(Exception):
    """Nothing to load; the message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address such as `https://calls.example.org`, and its HS256 key."""

    url: str
    key: str


def target(environ: Mapping[str, str], folder: Path) -> Target:
    """The service that URL and KEY (or RINGLINE_JWT_SECRET) name, or the `make run` of `folder`.

    Raises:
        NoTarget: there is none, or its key is not known.
    """
    url = environ.get("URL", "").rstrip("/")
    key = environ.get("KEY") or environ.get("RINGLINE_JWT_SECRET", "")
    if not url:
        return _running_here(folder / RUN_FILE)
    if not url.startswith(("http://", "https://")):
        raise NoTarget(f"URL is '{url}': write an address such as https://calls.example.org.")
    if not key:
        raise NoTarget(f"Say the key that {url} believes: make load URL={url} KEY=….")
    return Target(url, key)


def _running_here(note: Path) -> Target:
    try:
        said = json.loads(note.read_text())
        os.kill(said["pid"], 0)
    except (OSError, ValueError):
        raise NoTarget(
            "No service runs here: start one with `make run` in another terminal, "
            "or name one, make load URL=https://… KEY=…."
        ) from None
    if not said["key"]:
        raise NoTarget(
            f"The service at {said['url']} believes tokens of another issuer; "
            "load one that is set up with RINGLINE_JWT_SECRET."
        )
    return Target(said["url"], said["key"])
