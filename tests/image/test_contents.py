"""What is in the image, and what is not."""

import json
from typing import Any

import pytest

from service import __version__
from tests.support.debian_image import PYTHON
from tests.support.podman import Podman

MB = 1_000_000


@pytest.fixture(scope="module")
def told(podman: Podman, image: str) -> dict[str, Any]:
    """What the image says of itself."""
    (inspected,) = json.loads(podman("image", "inspect", image))
    return {**inspected["Config"], "Healthcheck": inspected["Healthcheck"]}


def within(podman: Podman, image: str, *command: str, user: str = "10001") -> str:
    """Run another command of the image, without a network."""
    return podman(
        "run", "--rm", "--user", user, "--network", "none", "--read-only", "--cap-drop", "ALL",
        "--entrypoint", command[0], image, *command[1:],
    )  # fmt: skip


def test_its_layers_are_small(podman: Podman, image: str):
    sizes = [json.loads(podman("image", "inspect", name))[0]["Size"] for name in (PYTHON, image)]
    ours = (sizes[1] - sizes[0]) / MB
    print(f"\nour layers: {ours:.1f} MB over the base's {sizes[0] / MB:.1f} MB")  # noqa: T201
    assert ours < 90


def test_it_says_how_it_is_run(told):
    assert told["User"] == "10001:10001"
    assert told["Entrypoint"] == ["ringline"]
    assert told["Cmd"] == ["serve"]
    assert told["StopSignal"] == "SIGTERM"
    assert set(told["ExposedPorts"]) == {"8001/tcp", "9090/tcp"}
    assert told["Healthcheck"]["Test"][:2] == ["CMD", "python3"]


def test_it_has_the_labels_of_the_open_container_initiative(told):
    names = {"title", "description", "licenses", "version", "revision"}
    assert {f"org.opencontainers.image.{name}" for name in names} <= set(told["Labels"])
    assert told["Labels"]["org.opencontainers.image.version"] == __version__


@pytest.mark.parametrize("command", ["pip", "pip3", "gcc", "cc", "make", "curl"])
def test_it_has_no_tool_to_build_or_fetch_with(podman: Podman, image: str, command):
    assert within(podman, image, "sh", "-c", f"command -v {command} || echo none") == "none"


@pytest.mark.parametrize(
    "module", ["pip", "segno", "trustme", "pytest", "setuptools", "mypy", "hatchling"]
)
def test_it_has_no_module_that_the_service_does_not_need(podman: Podman, image: str, module):
    look = f"import importlib.util as u; print(u.find_spec({module!r}))"
    assert within(podman, image, "python3", "-c", look) == "None"


def test_nothing_of_where_its_packages_came_from_stayed(podman: Podman, image: str):
    look = "find / -xdev ( -name pip.conf -o -name .cache -o -name *.whl )"
    found = within(podman, image, *look.split(), user="0")
    assert [path for path in found.splitlines() if "python-wheels" not in path] == []


def test_its_command_line_answers(podman: Podman, image: str):
    assert "serve" in within(podman, image, "ringline", "--help")


def test_without_a_key_it_says_so_and_ends(podman: Podman, image: str):
    with pytest.raises(AssertionError, match="RINGLINE_JWT_SECRET"):
        within(podman, image, "ringline", "serve")


def test_its_hot_rooms_are_compiled(podman: Podman, image: str):
    look = "import service.signalling.relay; print(service.signalling.relay.__file__)"
    assert within(podman, image, "python3", "-c", look).strip().endswith(".so")
