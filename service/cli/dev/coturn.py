"""A coturn beside the service, for as long as the service runs."""

import secrets
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_PATIENCE = 20.0
_GRACE = 3.0


class CoturnFailed(RuntimeError):
    """turnserver ended or does not answer; the message has the last lines of its output."""


@dataclass(frozen=True, slots=True)
class Coturn:
    """Where a coturn beside the service listens, and its shared secrets, newest first."""

    address: str
    port: int
    secrets: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """Its TURN URLs (RFC 7065)."""
        return tuple(f"turn:{self.address}:{self.port}?transport={by}" for by in ("udp", "tcp"))


def installed() -> bool:
    """Whether there is a `turnserver` on PATH."""
    return shutil.which("turnserver") is not None


def configuration(address: str, port: int, shared: Sequence[str], folder: Path) -> list[str]:
    """Lines of turnserver.conf for one address; credentials of each of the `shared` secrets count.

    It relays to loopback peers only where it listens on loopback itself: elsewhere that would open
    this machine's own services to everyone who holds a credential.
    """
    return [
        f"listening-ip={address}",
        f"relay-ip={address}",
        f"listening-port={port}",
        # Above Linux's ephemeral ports, which outgoing connections take.
        "min-port=61000",
        "max-port=65535",
        *(["allow-loopback-peers"] if ip_address(address).is_loopback else []),
        "no-tls",
        "no-dtls",
        "no-cli",
        "no-multicast-peers",
        "fingerprint",
        "use-auth-secret",
        *(f"static-auth-secret={secret}" for secret in shared),
        "realm=ringline",
        f"userdb={folder}/turn.db",
        f"pidfile={folder}/turn.pid",
        "log-file=stdout",
        "simple-log",
    ]


@contextmanager
def running(
    lines: Sequence[str], address: str, port: int, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run turnserver with these lines; the block begins when it answers.

    Its output goes to `coturn.log` in the folder.

    Raises:
        CoturnFailed: it does not answer.
    """
    log = folder / "coturn.log"
    process = _start(lines, folder, log)
    try:
        _await_answer(process, address, port, log)
        yield process
    finally:
        _stop(process)


def answers(address: str, port: int) -> bool:
    """Whether a STUN server answers a Binding request there by UDP (RFC 8489, 5 and 6.3)."""
    transaction = struct.pack("!I12s", 0x2112A442, secrets.token_bytes(12))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        try:
            probe.connect((address, port))
            probe.send(struct.pack("!HH", 0x0001, 0) + transaction)
            reply = probe.recv(2048)
        except OSError:
            return False
    return reply[:2] == b"\x01\x01" and reply[4:20] == transaction


def _start(lines: Sequence[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    conf = folder / "turnserver.conf"
    conf.touch(mode=0o600)
    conf.write_text("\n".join(lines) + "\n")
    command = ["turnserver", "-c", str(conf)]
    if shutil.which("setpriv"):
        # The kernel ends it when this process is killed.
        command = ["setpriv", "--pdeathsig", "TERM", *command]
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - the command is all ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal must not end it before the service has drained.
            process_group=0,
        )


def _await_answer(process: subprocess.Popen[bytes], address: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if answers(address, port):
            return
        time.sleep(0.02)
    said = log.read_text(errors="replace").splitlines()[-5:]
    raise CoturnFailed("turnserver does not answer; it said last:\n" + "\n".join(said))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
