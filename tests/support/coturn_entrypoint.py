"""coturn as it is deployed: by `deploy/coturn/entrypoint.sh`, on the coturn that is here."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from service.cli.dev.coturn import answers, installed
from service.ports import IceServer
from tests.support.network import Network
from tests.support.turn_servers import turn_servers
from tests.support.waiting import PATIENCE_S

ENTRYPOINT = Path(__file__).parents[2] / "deploy" / "coturn" / "entrypoint.sh"
ADDRESS = "10.77.0.1"
PORT = 3478


@dataclass(frozen=True, slots=True)
class Deployed:
    """A coturn that runs, and the files that it lives from."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    variables: dict[str, str]

    @property
    def address(self) -> str:
        """Where it listens, first of all."""
        return self.variables["TURN_LISTENING_IP"].split(",")[0]

    @property
    def url(self) -> str:
        """Its TURN URL for UDP."""
        return f"turn:{self.address}:{PORT}?transport=udp"

    @property
    def log(self) -> str:
        """What it and its entrypoint have said so far."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def configuration(self) -> list[str]:
        """The lines of its turnserver.conf."""
        return (self.folder / "scratch" / "turnserver.conf").read_text().splitlines()

    def share(self, *secrets: str) -> None:
        """Change the mounted secrets, newest first, in one step as the kubelet does."""
        share(self.folder, *secrets)

    def credential(self, secret: str, user: str = "alice", ago_s: int = 0) -> IceServer:
        """What the service hands out, or did so some seconds ago; good for a minute."""
        now = round((time.time() - ago_s) * 1000)
        source = turn_servers(turn_secret=[secret], turn_urls=[self.url], turn_ttl=60)
        return source.servers(user, now).servers[0]


def share(folder: Path, *secrets: str) -> Path:
    """Write the file of secrets."""
    fresh = folder / "turn_secret.new"
    fresh.write_text(", ".join(secrets) + "\n")
    return fresh.replace(folder / "turn_secret")


def variables(folder: Path, **changes: str) -> dict[str, str]:
    """What the entrypoint is told; `changes` lack the `TURN_` in front."""
    (folder / "scratch").mkdir(exist_ok=True)
    told = {
        "SECRET_FILE": str(folder / "turn_secret"),
        "REALM": "turn.example.org",
        "LISTENING_IP": ADDRESS,
        "RELAY_IP": ADDRESS,
        "PROFILE": "4.6",
        "SCRATCH": str(folder / "scratch"),
        **changes,
    }
    return {f"TURN_{name}": value for name, value in told.items()}


def certified(folder: Path, authority: trustme.CA) -> dict[str, str]:
    """A certificate for `turn.example.org`, in one step as the kubelet puts it there."""
    issued = authority.issue_cert("turn.example.org")
    for name, pem in (("tls.key", issued.private_key_pem), ("tls.crt", issued.cert_chain_pems[0])):
        pem.write_to_path(folder / f"{name}.new")
        (folder / f"{name}.new").replace(folder / name)
    return {"TLS_CERT_FILE": str(folder / "tls.crt"), "TLS_KEY_FILE": str(folder / "tls.key")}


def run(told: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the entrypoint to its end."""
    return subprocess.run(
        [ENTRYPOINT, *words], env={"PATH": os.environ["PATH"], **told},
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip


@contextmanager
def deployed(network: Network, folder: Path, *secrets: str, **changes: str) -> Iterator[Deployed]:
    """Run it in a network, from its first answer on. Skips the test where there is no coturn."""
    if not installed() or shutil.which("setpriv") is None:
        pytest.skip("coturn is not installed; run: apt-get install coturn util-linux")
    share(folder, *secrets)
    told = variables(folder, **changes)
    process = network.call(_start, folder, told)
    server = Deployed(folder, process, told)
    try:
        network.call(_await_answer, server)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _start(folder: Path, told: dict[str, str]) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            # The kernel ends it, should this process be killed without a chance to.
            ["setpriv", "--pdeathsig", "TERM", ENTRYPOINT],
            env={"PATH": os.environ["PATH"], **told}, stdout=log, stderr=log,
        )  # fmt: skip


def _await_answer(server: Deployed) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while server.process.poll() is None and time.monotonic() < deadline:
        if answers(server.address, PORT):
            return
    raise AssertionError(f"coturn does not answer:\n{server.log[-2000:]}")
