"""What `make bench` and `make idle` measure is what was asked for."""

import pytest

from loadtest.bench import unlimited


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
