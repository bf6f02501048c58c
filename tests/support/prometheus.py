"""A real Prometheus on loopback that scrapes every second, and its promtool.

with prometheus(folder) as server:
    server.scrape("ringline", "127.0.0.1:9090", pod="ringline-0")
    server.wait_for("ringline_build_info")
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from service.cli.dev.ports import reserved
from tests.support.waiting import PATIENCE_S

ADDRESS = "127.0.0.1"
_LOOK_EVERY_S = 0.1


class NotAsked(Exception):
    """Prometheus refused a question; the message is its own."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels, and `(epoch seconds, value)` in order of time."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """Its newest value."""
        return self.points[-1][1]

    @property
    def numbers(self) -> tuple[float, ...]:
        """Its values, without those that are not numbers."""
        return tuple(value for _, value in self.points if value == value)  # noqa: PLR0124 - NaN


@dataclass(slots=True)
class Prometheus:
    """One that runs: where, and its process."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    _targets: list[dict[str, Any]] = field(default_factory=list)

    def scrape(self, job: str, target: str, **labels: str) -> None:
        """Scrape `http://target/metrics` from now on, under these labels."""
        self._targets.append({"targets": [target], "labels": {"job": job, **labels}})
        fresh = self.folder / "targets.fresh"
        fresh.write_text(json.dumps(self._targets))
        fresh.rename(self.folder / "targets.json")

    def query(self, expr: str, at: float | None = None) -> list[Series]:
        """What it answers now, or for a moment (epoch seconds)."""
        data = self._ask("query", query=expr, **({"time": at} if at else {}))
        if data["resultType"] == "scalar":
            return [_series({"metric": {}, "values": [data["result"]]})]
        return [_series({**row, "values": [row["value"]]}) for row in data["result"]]

    def course(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """What it answers for a span of time (epoch seconds)."""
        data = self._ask("query_range", query=expr, start=start, end=end, step=step)
        return [_series(row) for row in data["result"]]

    def metrics(self, job: str) -> set[str]:
        """The names of all that a job has exposed."""
        return set(self._ask("label/__name__/values", **{"match[]": f'{{job="{job}"}}'}))

    def rules(self) -> list[dict[str, Any]]:
        """Every rule it has loaded, with its state and health."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def wait_for(self, expr: str, patience: float = PATIENCE_S) -> list[Series]:
        """Wait until a question has an answer."""
        deadline = time.monotonic() + patience
        while not (found := self.query(expr)):
            assert time.monotonic() < deadline, f"waited {patience} s for {expr}"
            time.sleep(_LOOK_EVERY_S)
        return found

    def _ask(self, what: str, **words: Any) -> Any:
        with urlopen(f"{self.url}/api/v1/{what}?{urlencode(words)}", timeout=PATIENCE_S) as reply:  # noqa: S310 - http, and our own
            answer = json.load(reply)
        if answer["status"] != "success":
            raise NotAsked(answer["error"])
        return answer["data"]


@contextmanager
def prometheus(folder: Path, rules: str = "", every: str = "1s") -> Iterator[Prometheus]:
    """Run one on a free port, with these rules (YAML), evaluated `every` so often.

    Skips the test where Prometheus is not installed.
    """
    _installed("prometheus")
    (folder / "targets.json").write_text("[]")
    (folder / "rules.yaml").write_text(_hurried(rules, every))
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(_configuration(folder, every)))
    with reserved(ADDRESS, 0) as port, (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(_command(folder, port), stdout=log, stderr=log)
        try:
            server = Prometheus(f"http://{ADDRESS}:{port}", process, folder)
            _await_answer(server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def promtool(*arguments: str | Path, stdin: bytes = b"") -> str:
    """Run promtool, which must find no fault; what it says."""
    _installed("promtool")
    done = subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def _installed(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed; run: apt-get install prometheus")


def _hurried(rules: str, every: str) -> str:
    document = yaml.safe_load(rules) or {"groups": []}
    for group in document["groups"]:
        group["interval"] = every
    return yaml.safe_dump(document)


def _configuration(folder: Path, every: str) -> dict[str, Any]:
    targets = {"files": [str(folder / "targets.json")], "refresh_interval": "1s"}
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(folder / "rules.yaml")],
        "scrape_configs": [{"job_name": "files", "file_sd_configs": [targets]}],
    }


def _command(folder: Path, port: int) -> list[str]:
    return [
        "prometheus",
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={ADDRESS}:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]


def _await_answer(server: Prometheus) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"{server.url}/-/ready", timeout=1):  # noqa: S310 - http, and our own
                return
        except (URLError, OSError):
            time.sleep(_LOOK_EVERY_S)
    said = (server.folder / "prometheus.log").read_text(errors="replace")
    raise AssertionError(f"prometheus does not answer; it said:\n{said}")


def _series(row: Mapping[str, Any]) -> Series:
    points = tuple((float(at), float(value)) for at, value in row["values"])
    return Series(row["metric"], points)
