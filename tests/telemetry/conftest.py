"""A service that is traced and logged, with what it told."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.logged import Lines, logged
from tests.support.otlp import Receiver, receiver
from tests.support.service import TestService, running


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged from here on."""
    with logged() as told:
        yield told


@pytest.fixture
def otlp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that a service started from here on sends its traces to."""
    with receiver() as listening:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", listening.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        yield listening


@pytest.fixture
async def traced(otlp: Receiver, lines: Lines) -> AsyncIterator[TestService]:
    """A service whose traces and lines are at hand."""
    async with running(log_user="plain") as service:
        yield service
