"""The image as it is meant to be run: read-only, without a capability, for uid 10001."""

import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.support.network import Network
from tests.support.podman import Podman
from tests.support.service import SECRET
from tests.support.waiting import PATIENCE_S

_HARDENED = (
    "--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",  # noqa: S108
    "--security-opt", "no-new-privileges",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Container:
    """A container that serves on 8001 and 9090 of its network; `seconds` it took to be ready."""

    podman: Podman
    network: Network
    name: str
    image: str
    process: "subprocess.Popen[bytes]"
    output: Path
    seconds: float

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.output.read_text()

    def __call__(self, command: str, *arguments: str) -> str:
        """A podman command about it, such as `exec` or `kill`."""
        words = [self.name, *arguments] if command == "exec" else [*arguments, self.name]
        return self.network.call(self.podman, command, *words)

    def status(self) -> int:
        """Wait for its end; the exit status."""
        return self.process.wait(PATIENCE_S)


@contextmanager
def container(podman: Podman, network: Network, image: str, folder: Path) -> Iterator[Container]:
    """Run it with one secret file in a network, from the moment it is ready."""
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "jwt_secret").write_text(SECRET)
    name, output = f"ringline-{uuid.uuid4().hex[:12]}", folder / "log"
    command = podman.command(
        "run", "--rm", "--name", name, *_HARDENED, "--volume", f"{secrets}:/run/secrets:ro",
        "--env", "RINGLINE_SECRETS_DIR=/run/secrets", image,
    )  # fmt: skip
    began = time.monotonic()
    with output.open("wb") as log:
        process = network.call(_started, command, podman.environ, log)
    try:
        network.call(_await_ready, process, output)
        yield Container(podman, network, name, image, process, output, time.monotonic() - began)
    finally:
        if process.poll() is None:
            network.call(podman, "kill", name)
            process.wait(PATIENCE_S)


def _started(
    command: list[str], environ: dict[str, str], log: BinaryIO
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, env=environ, stdout=log, stderr=log)


def _await_ready(process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen("http://127.0.0.1:9090/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    raise AssertionError(f"it does not become ready:\n{output.read_text()[-2000:]}")
