"""A service of its own for whoever measures one: a process on free ports of loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil

from loadtest.guest import KEY

_WITHIN_S = 20
"""How long it has to listen, and to end."""


@dataclass(frozen=True, slots=True)
class Served:
    """The process, and where it listens."""

    process: psutil.Process
    port: int
    admin_port: int

    @property
    def url(self) -> str:
        """Where its WebSockets are."""
        return f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket"

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU time that it has taken so far."""
        if sys.platform != "linux":
            return sum(self.process.cpu_times()[:2])
        # To the nanosecond, where psutil knows ticks: the clock of a process, as
        # clock_getcpuclockid(3) has it.
        return time.clock_gettime((~self.process.pid << 3) | 2)

    @property
    def kib(self) -> float:
        """The memory that it takes now (resident)."""
        return float(self.process.memory_info().rss / 1024)


@contextmanager
def serving(*, log: int = subprocess.DEVNULL, files: int = 0, **settings: str) -> Iterator[Served]:
    """A service for the block, with these settings and those that let everything be on.

    Args:
        log: where its standard error goes, as `subprocess` has it.
        files: how many it may have open; 0 leaves it as it is.
        settings: as `RINGLINE_…` has them, in lower case.
    """
    port, admin_port = _free_ports(2)
    default = {
        "host": "127.0.0.1", "port": str(port), "admin_port": str(admin_port), "jwt_secret": KEY,
        "turn_secret": KEY, "turn_urls": "turn:127.0.0.1:9", "turn_probe": "false",
        "log_level": "info", "log_format": "json",
    }  # fmt: skip
    # As this process: with PURE_PYTHON, say. What it is to be told of itself is all here.
    environ = {name: text for name, text in os.environ.items() if not name.startswith("RINGLINE_")}
    environ |= {f"RINGLINE_{name.upper()}": text for name, text in (default | settings).items()}
    command = [sys.executable, "-m", "service"]
    if files:
        command = ["/bin/sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]
    with subprocess.Popen(command, env=environ, stderr=log) as process:  # noqa: S603
        try:
            for each in (port, admin_port):
                _await_port(each)
            yield Served(psutil.Process(process.pid), port, admin_port)
        finally:
            _end(process)


@contextmanager
def unlimited() -> Iterator[Served]:
    """The same with everything on but the limits."""
    with serving(rate_limit_scale="1000000") as served:
        yield served


def _free_ports(count: int) -> list[int]:
    with ExitStack() as probes:
        opened = [
            probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [int(one.getsockname()[1]) for one in opened]


def _await_port(port: int) -> None:
    for _ in range(_WITHIN_S * 10):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"The service did not listen within {_WITHIN_S} s.")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
