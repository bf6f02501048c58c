"""A file in the working directory that tells the load generator where development mode runs."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN_FILE = Path(".run/dev.json")
"""JSON that only its owner can read: `{pid, url, admin, key}`."""


@contextmanager
def run_file(url: str, admin: str, key: str | None) -> Iterator[None]:
    """Write the file for the block. One that another run has written since is not removed."""
    RUN_FILE.parent.mkdir(exist_ok=True)
    mine = json.dumps({"pid": os.getpid(), "url": url, "admin": admin, "key": key})
    fresh = RUN_FILE.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(mine)
    fresh.rename(RUN_FILE)
    try:
        yield
    finally:
        if RUN_FILE.exists() and RUN_FILE.read_text() == mine:
            RUN_FILE.unlink()
