"""The project's Dockerfile, built for real by what `make image` runs."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian_image import python_images
from tests.support.podman import Podman

ROOT = Path(__file__).parents[2]
REPOSITORY = "localhost/ringline"
_BUILD_S = 1500.0
_OLD = ("--filter", "label=org.opencontainers.image.title=Ringline", "--filter", "until=72h")


def ringline_image(podman: Podman) -> str:
    """Build it, from the cache where nothing changed; its name, which no other content has.

    pip finds its packages where it finds them on this machine: its configuration is a secret of the
    build, and what that points at is mounted.
    """
    python_images(podman)
    pip = _pip_configuration()
    with TemporaryDirectory(prefix="ringline-") as scratch:
        configuration, told = Path(scratch, "pip.conf"), Path(scratch, "id")
        configuration.write_text("\n".join(["[global]", *pip, ""]))
        building = f"{REPOSITORY}:building-{os.getpid()}"
        _make_image(
            podman, building,
            "--isolation", "oci", "--network", "host", "--pull=never", "--layers",
            "--secret", f"id=pip,src={configuration}", *_mounts(pip), "--iidfile", str(told),
        )  # fmt: skip
        content = told.read_text().strip()
    name = f"{REPOSITORY}:{content.removeprefix('sha256:')[:12]}"
    podman("tag", content, name)
    podman("untag", building, building)
    podman("image", "prune", "--all", "--force", *_OLD)
    return name


def _make_image(podman: Podman, name: str, *options: str) -> None:
    """What `make image` does, with the podman of the tests."""
    environ = {**podman.environ, "ENGINE": " ".join(podman.command()), "IMAGE": name}
    done = subprocess.run(
        [ROOT / "tools" / "image", *options], env=environ, timeout=_BUILD_S,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"tools/image: {done.stdout[-2000:]}{done.stderr}"
    assert f"ringline: built {name}." in done.stdout
    assert f"podman save --output ringline.tar {name}" in done.stdout


def _pip_configuration() -> list[str]:
    """pip's options on this machine, as lines of a file; the environment wins, as it does there."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        check=True, capture_output=True, text=True, env=os.environ,
    ).stdout  # fmt: skip
    options: dict[str, str] = {}
    for scope in ("global.", "install.", ":env:."):
        for line in told.splitlines():
            if line.startswith(scope):
                name, _, value = line.removeprefix(scope).partition("=")
                options[name] = value.strip("'").replace("\\n", " ")
    return [f"{name} = {value}" for name, value in options.items()]


def _mounts(pip: list[str]) -> list[str]:
    """Whatever of this machine's files the options name, read-only at the same place."""
    words = {word.removeprefix("file://") for line in pip for word in line.split()}
    paths = [word for word in sorted(words) if word.startswith("/") and Path(word).exists()]
    # A package index on disk refers to files beside it.
    roots = {str(Path(path).parent) if Path(path).name == "simple" else path for path in paths}
    return [option for path in sorted(roots) for option in ("--volume", f"{path}:{path}:ro")]
