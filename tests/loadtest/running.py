"""A run of the load test as `make load` starts it, and what it reported."""

import asyncio
import csv
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 110.0


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over."""

    status: int
    said: str
    folder: Path

    @property
    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The rows of the CSV report, by type and name."""
        with (self.folder / "report_stats.csv").open() as report:
            return {(row["Type"], row["Name"]): row for row in csv.DictReader(report)}

    def counts(self, kind: str) -> dict[str, int]:
        """How many requests of a type there were, by name."""
        return {
            name: int(row["Request Count"]) for (t, name), row in self.rows.items() if t == kind
        }


async def load(folder: Path, *arguments: str, **variables: str) -> Run:
    """Run `python -m loadtest` in a folder, with nothing else set, to its end."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest", *arguments),
        cwd=folder,
        env=environ(variables),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            said, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode is not None
    return Run(running.returncode, said.decode(), folder / ".run" / "load")


def environ(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these variables and no others of ours."""
    ours = ("RINGLINE_", "LOCUST_")
    names = {"URL", "KEY", "USERS", "TIME", "RATE"}
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(ours) and name not in names
    }
    return kept | {"PYTHONPATH": str(ROOT), **variables}
