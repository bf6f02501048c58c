"""A network of the test's own: addresses that no machine around it has, and nobody else on it.

    @inside
    async def test_something(network): ...

The kernel keeps the network for as long as the thread that lives in it; processes that are started
there live in it, too. Linux lets root make one.
"""

import asyncio
import ctypes
import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

_CLONE_NEWNS = 0x00020000
_CLONE_NEWNET = 0x40000000
_T = TypeVar("_T")


class Network:
    """One thread in a network of its own, which has a loopback interface and these addresses."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._thread = ThreadPoolExecutor(1)
        self.call(_enter, addresses)

    def call(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Call a function inside."""
        return self._thread.submit(function, *arguments).result()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine inside."""
        result: _T = self.call(asyncio.run, coroutine)
        return result

    def know(self, folder: Path, names: Mapping[str, str]) -> None:
        """Have names lead to addresses inside; the folder is for a file."""
        lines = [f"{address} {name}" for name, address in names.items()]
        hosts = folder / "hosts"
        hosts.write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
        self.call(_run, "mount", "--bind", str(hosts), "/etc/hosts")

    def join(self, here: str, other: "Network", there: str) -> None:
        """Have two networks reach each other at these addresses, by a cable of their own."""
        thread = other.call(threading.get_native_id)
        ours = f"to-{there}"
        cable = ("veth", "peer", "name", "eth0", "netns", str(thread))
        self.call(_run, "ip", "link", "add", ours, "type", *cable)
        for network, own, peer, device in (
            (self, here, there, ours),
            (other, there, here, "eth0"),
        ):
            network.call(_run, "ip", "address", "add", own, "peer", peer, "dev", device)
            network.call(_run, "ip", "link", "set", device, "up")

    def close(self) -> None:
        """Leave it; the kernel removes it."""
        self._thread.shutdown()


@contextmanager
def network(*addresses: str) -> Iterator[Network]:
    """A network, gone at the end. Skips the test where there can be none."""
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed; run: apt-get install iproute2")
    if os.geteuid() != 0:
        pytest.skip("a network of its own needs root; run as root: make test")
    made = Network(addresses)
    try:
        yield made
    finally:
        made.close()


def inside(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Have a test, which asks for the fixture `network`, run in it."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        fixtures["network"].run(test(**fixtures))

    return run


def _enter(addresses: tuple[str, ...]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET | _CLONE_NEWNS) != 0:
        why = os.strerror(ctypes.get_errno())
        pytest.skip(f"the kernel makes no network of its own here ({why}); allow CAP_SYS_ADMIN")
    # turnadmin writes a log for each of its calls here, and cannot be told not to.
    _run("mount", "--make-rprivate", "/")
    _run("mount", "-t", "tmpfs", "none", "/var/log")
    _run("ip", "link", "set", "lo", "up")
    for address in addresses:
        _run("ip", "address", "add", address, "dev", "lo")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
