"""podman with an image store and a configuration of its own, on a machine that has no registry.

The store stays in the user's cache folder, so that a second run builds nothing anew. Nothing of the
machine's own containers is seen or touched.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""
_NEEDED = ("podman", "runc", "debootstrap")


def cache() -> Path:
    """Where images stay between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "ringline" / "images"


@dataclass(frozen=True, slots=True)
class Podman:
    """The podman of the tests: its store is `folder`."""

    folder: Path

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line of a podman command."""
        root, state = self.folder / "store", self.folder / "state"
        return ["podman", "--root", str(root), "--runroot", str(state), *map(str, arguments)]

    @property
    def environ(self) -> dict[str, str]:
        """The environment that a podman command runs in."""
        return {**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf")}

    def __call__(self, *arguments: str | Path, timeout: float = 60) -> str:
        """Run a command to its end; what it printed. Fails the test with what it said."""
        done = subprocess.run(
            self.command(*arguments), env=self.environ, timeout=timeout,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"podman {arguments[0]}: {done.stdout[-2000:]}{done.stderr}"
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        """Whether there is such an image."""
        known = subprocess.run(
            self.command("image", "exists", image), env=self.environ, check=False
        )
        return known.returncode == 0


def podman() -> Podman:
    """The podman of the tests. Skips the test where it cannot run."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing; run: tools/peers image")
    if os.geteuid() != 0:
        pytest.skip("debootstrap and runc need root here; run as root: make image-test")
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "containers.conf").write_text(_CONFIGURATION)
    return Podman(folder)
