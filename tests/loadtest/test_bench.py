"""What `make bench` and `make idle` measure is what was asked for."""

import pytest

from loadtest.bench.pairs import Pairs
from loadtest.resident import Heartbeats, Kind, Resident
from loadtest.serving import Served, unlimited
from loadtest.storm.crowd import crowd


@pytest.fixture
def served():
    with unlimited() as served:
        yield served


@pytest.mark.parametrize("pure", ["1", "0"])
def test_the_service_has_the_environment_of_whoever_measures(
    monkeypatch: pytest.MonkeyPatch, pure: str
):
    monkeypatch.setenv("PURE_PYTHON", pure)
    monkeypatch.setenv("RINGLINE_MAX_MESSAGE_BYTES", "4096")
    with unlimited() as served:
        environ = served.process.environ()
    assert environ["PURE_PYTHON"] == pure  # whether compiled code or its sources
    assert "RINGLINE_MAX_MESSAGE_BYTES" not in environ  # the settings are the measurement's own
    assert environ["RINGLINE_RATE_LIMIT_SCALE"] == "1000000"


def test_the_service_takes_time_and_memory(served: Served):
    assert served.cpu_s == pytest.approx(sum(served.process.cpu_times()[:2]), abs=0.1)
    assert served.kib > 1024


@pytest.mark.parametrize("kind", ["plain", "resumable"])
async def test_pairs_relay_and_call_without_an_error(served: Served, kind: Kind):
    pairs = Pairs(kind)
    await pairs.connect(served.url, 4)
    await pairs.call()
    await pairs.trickle(40)
    assert await pairs.relay(0.1) > 4
    await pairs.hang_up()
    assert await pairs.call_on(0.1) >= 2
    assert not pairs.errors
    await pairs.leave()


async def test_sessions_that_drop_at_once_all_come_back_to_what_they_had(served: Served):
    heartbeats = Heartbeats()
    bystanders = [
        await Resident.arrive(served.url, "plain", 0, heartbeats),
        await Resident.arrive(served.url, "resumable", 1, heartbeats),
    ]
    async with crowd(served, 50) as them:
        await them.here()
        returns = await them.drop()
    assert returns.resumed == {"replayed": 50}
    assert len(returns.took_s) == 50
    assert not heartbeats.cut
    for bystander in bystanders:
        await bystander.leave()
