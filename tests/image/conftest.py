"""The image and a network to run it in, once for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network import Network
from tests.support.network import network as own_network
from tests.support.podman import Podman
from tests.support.podman import podman as own_podman
from tests.support.ringline_image import ringline_image

ADDRESS = "10.78.0.1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A first build takes minutes."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.image)
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session")
def podman() -> Podman:
    return own_podman()


@pytest.fixture(scope="session")
def image(podman: Podman) -> str:
    return ringline_image(podman)


@pytest.fixture
def network() -> Iterator[Network]:
    with own_network(f"{ADDRESS}/24") as made:
        yield made
