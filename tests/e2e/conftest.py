"""What holds of every test with real peers."""

from collections.abc import Iterator

import pytest

from tests.support.coturn import SHARED_SECRET
from tests.support.logged import logged
from tests.support.secrets import found
from tests.support.service import SECRET, TestService


@pytest.fixture(autouse=True)
def no_secret_is_logged() -> Iterator[None]:
    """Nothing that the service logs meanwhile, at debug, is a secret or looks like one."""
    before = TestService.served
    with logged() as lines:
        yield
    assert found(lines.stream.getvalue(), {SECRET, SHARED_SECRET}) == []
    if TestService.served > before:  # in a process of its own, tests.support.trial looks
        assert "debug" in {line["level"] for line in lines.all()}
