"""`make image`: what it is called, what it is built with, and what is told at the end.

The build itself is tested by `make image-test`; here `echo` stands for docker and podman.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from service import __version__

ROOT = Path(__file__).parents[1]


def image(*options: str, **environ: str) -> str:
    """What `tools/image` says."""
    done = subprocess.run(
        [ROOT / "tools" / "image", *options],
        env={"PATH": os.environ["PATH"], "ENGINE": "echo", **environ},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, f"localhost/ringline:{__version__}"),
        (
            {"IMAGE": "registry.example.org/ringline"},
            f"registry.example.org/ringline:{__version__}",
        ),
        (
            {"IMAGE": "registry.example.org:5000/calls/ringline"},
            f"registry.example.org:5000/calls/ringline:{__version__}",
        ),
        (
            {"IMAGE": "registry.example.org:5000/ringline:try"},
            "registry.example.org:5000/ringline:try",
        ),
    ],
)
def test_a_name_without_a_tag_gets_the_version(given: dict[str, str], name: str):
    said = image(**given)
    assert f"build --tag {name} --build-arg VERSION={__version__} " in said
    assert f"ringline: built {name}." in said


def test_options_go_to_the_build():
    assert "--platform linux/arm64 .\n" in image("--platform", "linux/arm64")


def test_an_image_of_this_machine_is_put_into_nodes_and_any_other_is_pushed():
    here, elsewhere = image(), image(IMAGE="registry.example.org/ringline:1.2.3")
    assert "kind load image-archive ringline.tar" in here
    assert "push" not in here
    assert "push registry.example.org/ringline:1.2.3" in elsewhere
    assert "--set image.repository=registry.example.org/ringline --set image.tag=1.2.3" in elsewhere


def test_who_has_nothing_to_build_with_is_told_what_to_install(tmp_path: Path):
    for name in ("bash", "dirname", "sed"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [ROOT / "tools" / "image"], env={"PATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "install one (Debian: apt-get install podman)" in done.stderr
