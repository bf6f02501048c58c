"""The stores behind each port, of every kind."""

import pytest

from service.ports import CallStore, ReplyStore, SessionStore, UserStore
from service.stores import Stores
from tests.stores.every import EVERY


@pytest.fixture(params=EVERY)
def stores(request) -> Stores:
    return EVERY[request.param]()


@pytest.fixture
def users(stores: Stores) -> UserStore:
    return stores.users


@pytest.fixture
def calls(stores: Stores) -> CallStore:
    return stores.calls


@pytest.fixture
def replies(stores: Stores) -> ReplyStore:
    return stores.replies


@pytest.fixture
def sessions(stores: Stores) -> SessionStore:
    return stores.sessions
