"""The parts that Debian has too, with compose.yaml's own commands, variables and files.

The service, coturn (4.6 here) and Prometheus run in a network of the test's own, where each has the
port that it has in its container. Grafana, Jaeger, Caddy and Locust's image are not run.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from loadtest.tokens import token
from service.cli.dev.coturn import installed
from tests.compose.stack import Part, copied, prepare, services
from tests.support.client import Client
from tests.support.network import Network, network

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ADDRESS = "10.83.0.1"
PROMETHEUS = "127.0.0.1:9091"  # in a container it has 9090 to itself
PATIENCE_S = 60.0  # two scrapes and more
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, and where."""

    inside: Network
    parts: dict[str, Part]
    turnserver: "subprocess.Popen[bytes]"

    def healthy(self, name: str) -> bool:
        """Whether the health check of a part passes."""
        environ = {"PATH": os.environ["PATH"], **self.parts[name].environment}
        done = self.inside.call(
            lambda: subprocess.run(
                self.parts[name].health, env=environ, capture_output=True, check=False, timeout=20
            )
        )
        return done.returncode == 0

    def ask(self, expr: str) -> list[Any]:
        """What Prometheus answers."""
        address = f"http://{PROMETHEUS}/api/v1/query?{urlencode({'query': expr})}"
        answer = self.inside.call(lambda: json.load(urlopen(address, timeout=5)))
        found: list[Any] = answer["data"]["result"]
        return found

    def until(self, true: Any, what: str) -> Any:
        """Wait for something true."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if found := true():
                    return found
            except URLError:
                pass
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
            time.sleep(0.5)


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    if not installed():
        pytest.skip("coturn is not installed; run: apt-get install coturn")
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed; run: apt-get install prometheus")
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed; run: apt-get install wget")
    folder = tmp_path_factory.mktemp("running")
    compose = copied(folder)
    with network(f"{ADDRESS}/24") as inside, ExitStack() as running:
        prepared = inside.call(prepare, compose, ADDRESS)
        assert prepared.returncode == 0, prepared.stderr
        parts = services(compose)
        service = parts["ringline"].environment | {
            "PYTHONPATH": str(ROOT),
            "OTEL_SDK_DISABLED": "true",  # Jaeger is none of Debian's
        }
        # As its image does: `ringline serve`.
        command = [sys.executable, "-m", "service", "serve"]
        running.enter_context(started(inside, folder, "ringline", command, service))
        turn = running.enter_context(
            started(
                inside, folder, "coturn", parts["coturn"].command, turn_variables(parts, folder)
            )
        )
        scraping = prometheus_command(parts["prometheus"], folder)
        running.enter_context(started(inside, folder, "prometheus", scraping, {}))
        made = Stack(inside, parts, turn)
        for name in ("ringline", "coturn"):
            made.until(lambda name=name: made.healthy(name), f"{name} to be healthy")
        yield made


def turn_variables(parts: dict[str, Part], folder: Path) -> dict[str, str]:
    """coturn's, but for the version: 4.6 has no metrics, and no /tmp is its own here."""
    (folder / "scratch").mkdir()
    told = parts["coturn"].environment | {"TURN_PROFILE": "4.6"}
    told["TURN_SCRATCH"] = str(folder / "scratch")
    del told["TURN_PROMETHEUS_ADDRESS"]
    return told


def prometheus_command(part: Part, folder: Path) -> list[str]:
    """Prometheus with its own files; where to scrape stands in targets/, as for containers."""
    etc = folder / "prometheus"
    (etc / "targets").mkdir(parents=True)
    for name in ("prometheus.yml", "rules"):
        (etc / name).symlink_to(part.mounts[f"/etc/prometheus/{name}"])
    targets = [
        {"targets": ["127.0.0.1:9090"], "labels": {"namespace": "compose", "pod": "ringline"}}
    ]
    (etc / "targets" / "ringline.yml").write_text(json.dumps(targets))
    words = (word.replace("/etc/prometheus", str(etc)) for word in part.said["command"])
    moved = [word.replace("path=/prometheus", f"path={folder}/data") for word in words]
    return ["prometheus", *moved, f"--web.listen-address={PROMETHEUS}"]


@contextmanager
def started(
    inside: Network, folder: Path, name: str, command: list[str], variables: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    environ = {"PATH": os.environ["PATH"], **variables}
    with (folder / f"{name}.log").open("wb") as log:
        process = inside.call(
            lambda: subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def call(key: str) -> None:
    """A user's call, unlike the probe's one that counts."""
    alice = await Client.join(8001, token("alice", key, None, None), "alice")
    bob = await Client.join(8001, token("bob", key, None, None), "bob")
    placed = await alice.done("call:initiate", {"to": "bob", "callType": "video"})
    await bob.next("call:incoming")
    await bob.done("call:accept", {"callId": placed["callId"]})
    await alice.done("call:end", {"callId": placed["callId"]})
    await alice.close()
    await bob.close()


def probe(stack: Stack) -> "subprocess.CompletedProcess[str]":
    """A call from end to end, TURN included, by the key that `prepare` made."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "RINGLINE_SECRETS_DIR": stack.parts["ringline"].environment["RINGLINE_SECRETS_DIR"],
    }
    command = [
        sys.executable,
        "-m",
        "service",
        "probe",
        "--url",
        f"http://{ADDRESS}:8001",
        "--json",
    ]
    return stack.inside.call(
        lambda: subprocess.run(
            command, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
    )


def test_a_call_works_with_turn(stack: Stack):
    placed = probe(stack)
    assert placed.returncode == 0, placed.stdout + placed.stderr


def test_a_call_shows_up_in_prometheus(stack: Stack):
    stack.inside.run(call(Path(stack.parts["load"].mounts["/run/secrets/jwt_secret"]).read_text()))
    completed = 'ringline_calls_total{job="ringline", namespace="compose", reason="completed"} > 0'
    (series,) = stack.until(lambda: stack.ask(completed), "the call")
    assert series["metric"]["pod"] == "ringline"
    assert series["metric"]["type"] == "video"
    assert stack.ask("ringline_turn_credentials_issued_total > 0")


def test_the_service_reaches_its_coturn(stack: Stack):
    assert stack.until(lambda: stack.ask("ringline_turn_probe_success == 1"), "a probe of TURN")


def test_prometheus_is_healthy_and_has_the_rules(stack: Stack):
    check = [
        word.replace("127.0.0.1:9090", PROMETHEUS) for word in stack.parts["prometheus"].health
    ]
    done = stack.inside.call(
        lambda: subprocess.run(check, capture_output=True, check=False, timeout=20)
    )
    assert done.returncode == 0
    answer = stack.inside.call(
        lambda: json.load(urlopen(f"http://{PROMETHEUS}/api/v1/rules", timeout=5))
    )
    rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
    assert len(rules) > 20
    assert not [rule for rule in rules if rule["health"] == "err"]


def test_a_coturn_that_ended_is_not_healthy(stack: Stack):
    assert stack.healthy("coturn")
    stack.turnserver.terminate()
    stack.turnserver.wait(20)
    assert not stack.healthy("coturn")
    assert stack.healthy("ringline")  # calls go on without
