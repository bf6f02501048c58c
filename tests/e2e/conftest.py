"""What holds of every test with real peers."""

from collections.abc import Iterator

import pytest

from tests.support.logged import logged
from tests.support.secrets import found


@pytest.fixture(autouse=True)
def no_secret_is_logged() -> Iterator[None]:
    """Nothing that the service logs meanwhile, at debug, looks like a secret."""
    with logged() as lines:
        yield
    assert found(lines.stream.getvalue()) == []
