"""deploy/compose in a folder of the test's own: prepared, and read as Docker Compose reads it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
MOUNTED = ("compose", "coturn", "helm")
PROFILES = ("--profile", "tls", "--profile", "load")


def copied(folder: Path) -> Path:
    """The folder of compose.yaml, among all that it mounts, in no state yet."""
    for name in MOUNTED:
        shutil.copytree(
            DEPLOY / name, folder / "deploy" / name, ignore=shutil.ignore_patterns("local", ".env")
        )
    (folder / "loadtest").mkdir()
    return folder / "deploy" / "compose"


def prepare(compose: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run `./prepare`."""
    return subprocess.run(
        [compose / "prepare", *words], cwd=compose, capture_output=True, text=True, check=False
    )


def docker_compose(compose: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run Docker Compose where compose.yaml is. Skips the test where there is none."""
    if shutil.which("docker-compose") is None:
        pytest.skip("Docker Compose is not installed; run: apt-get install docker-compose")
    return subprocess.run(
        ["docker-compose", *words],
        cwd=compose,
        env={"PATH": os.environ["PATH"], "HOME": str(compose)},
        capture_output=True,
        text=True,
        check=False,
    )


def services(compose: Path) -> dict[str, "Part"]:
    """Every service of every profile, with what `prepare` wrote filled in."""
    read = docker_compose(compose, *PROFILES, "config")
    assert read.returncode == 0, read.stderr
    # It escapes dollars, so that its output can be read again.
    document = yaml.safe_load(read.stdout.replace("$$", "$"))
    return {name: Part(name, said) for name, said in document["services"].items()}


@dataclass(frozen=True, slots=True)
class Part:
    """One service of compose.yaml."""

    name: str
    said: dict[str, Any]

    @property
    def mounts(self) -> dict[str, str]:
        """What lies where in the container: its path, and whence it comes."""
        parts = (volume.split(":") for volume in self.said.get("volumes", []))
        return {inside: source for source, inside, *_ in parts}

    @property
    def environment(self) -> dict[str, str]:
        """Its variables, with paths as they are outside the container; empty ones left out."""
        said = self.said.get("environment", {})
        return {name: self.outside(str(text)) for name, text in said.items() if text != ""}

    @property
    def command(self) -> list[str]:
        """Its command, with paths as they are outside the container."""
        return [self.outside(word) for word in self.said["command"]]

    @property
    def health(self) -> list[str]:
        """Its health check, as a command that can be run."""
        how, *words = self.said["healthcheck"]["test"]
        return ["/bin/sh", "-c", *words] if how == "CMD-SHELL" else list(words)

    def outside(self, text: str) -> str:
        """The text, its path in the container replaced by where that comes from."""
        for inside in sorted(self.mounts, key=len, reverse=True):
            head, found, tail = text.partition(inside)
            if found and self.mounts[inside].startswith("/"):
                return head + self.mounts[inside] + tail
        return text
