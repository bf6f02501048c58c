"""Stand-ins for public images, made of Debian packages from this machine's own mirror."""

import fcntl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.podman import Podman

RELEASE = "trixie"
PYTHON = "localhost/python:3.13-slim-trixie"
"""What `FROM python:3.13-slim-trixie` finds first."""
BUILDER = "localhost/python:3.13-trixie"
"""The same for the build, with a compiler."""
COTURN = "localhost/coturn/coturn:stand-in"
"""Debian's newest coturn, with the file capability that the official image gives it."""
_COTURN_RELEASE = "forky"
"""The first whose coturn drains, as the official image's does."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MINUTES = 60.0
_PYTHON_PACKAGES = ("python3", "python3-venv", "ca-certificates")
_BUILDER_PACKAGES = (*_PYTHON_PACKAGES, "gcc", "libc6-dev", "python3-dev")
_COTURN_PACKAGES = ("coturn", "libcap2-bin")
_CAPABILITY = ("setcap", "cap_net_bind_service=+ep", "/usr/bin/turnserver")


def python_images(podman: Podman) -> None:
    """The bases that the Dockerfile names: trixie, whose Python is 3.13."""
    _imported(podman, PYTHON, _PYTHON_PACKAGES)
    _imported(podman, BUILDER, _BUILDER_PACKAGES)


def coturn_image(podman: Podman) -> str:
    """A stand-in for `coturn/coturn`, of the same profile."""
    return _imported(podman, COTURN, _COTURN_PACKAGES, then=_CAPABILITY, release=_COTURN_RELEASE)


def _imported(
    podman: Podman,
    name: str,
    packages: Sequence[str],
    then: Sequence[str] = (),
    release: str = RELEASE,
) -> str:
    recipe = " ".join([release, *packages, *then])
    with _alone(podman):
        if podman.label(name, "recipe") != recipe:
            with TemporaryDirectory(prefix="ringline-", dir=podman.folder) as scratch:
                tree, archive = f"{scratch}/tree", f"{scratch}/tree.tar"
                _run(
                    "debootstrap", "--variant=minbase", f"--include={','.join(packages)}",
                    release, tree, _mirror(), *_script(release), minutes=10,
                )  # fmt: skip
                if then:
                    _run("chroot", tree, *then)
                _run("rm", "-rf", f"{tree}/var/lib/apt/lists", f"{tree}/var/cache/apt")
                _run(
                    "tar",
                    "--xattrs",
                    "--xattrs-include=*",
                    "--numeric-owner",
                    "-C",
                    tree,
                    "-cf",
                    archive,
                    ".",
                )
                changes = (f"ENV PATH={_PATH}", f'LABEL recipe="{recipe}"')
                told = [word for change in changes for word in ("--change", change)]
                podman("import", *told, archive, name, timeout=5 * _MINUTES)
    return name


def _script(release: str) -> tuple[str, ...]:
    """How debootstrap makes a release that is newer than itself."""
    scripts = Path("/usr/share/debootstrap/scripts")
    return () if (scripts / release).exists() else (str(scripts / "sid"),)


def _mirror() -> str:
    """The Debian archive that apt uses here."""
    form = "$(ORIGIN) $(COMPONENT) $(SITE) $(REPO_URI)"
    told = _run("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    for line in told.splitlines():
        origin, component, _, uri = line.split()
        if (origin, component) == ("Debian", "main") and "security" not in uri:
            return uri
    pytest.skip("apt knows no Debian archive here; add Debian's main to its sources")


def _run(*command: str, minutes: float = 2) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=minutes * _MINUTES
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@contextmanager
def _alone(podman: Podman) -> Iterator[None]:
    """Another run on this machine waits, rather than doing the same work."""
    with (podman.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
