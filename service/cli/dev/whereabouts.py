"""A note in the working directory of where development mode runs, for the tools beside it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOTE = Path(".run/dev.json")
"""Where it lies, for its owner's eyes: `{pid, url, admin, key}`. It goes when the run ends."""


@contextmanager
def noted(url: str, admin: str, key: str | None) -> Iterator[None]:
    """Leave the note for the block. One that another run has left since stays."""
    NOTE.parent.mkdir(exist_ok=True)
    mine = json.dumps({"pid": os.getpid(), "url": url, "admin": admin, "key": key})
    fresh = NOTE.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(mine)
    fresh.rename(NOTE)
    try:
        yield
    finally:
        if NOTE.exists() and NOTE.read_text() == mine:
            NOTE.unlink()
