"""A network with a private address and some public ones, and the coturn in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coturn.peers import PUBLIC
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed
from tests.support.network import Network
from tests.support.network import network as own_network

NORTH, SOUTH = "north-" + "n" * 32, "south-" + "s" * 32


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    with own_network(f"{ADDRESS}/24", f"{PUBLIC}/32") as made:
        yield made


@pytest.fixture
def coturn(network: Network, tmp_path: Path) -> Iterator[Deployed]:
    """It takes credentials under one secret, and has nothing but its defaults."""
    with deployed(network, tmp_path, NORTH) as server:
        yield server
