"""The estimate of how good a call sounds."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.telemetry.mos import BEST_R, delay_impairment, loss_impairment, mos, opinion

ratios = st.floats(0, 1)
delays = st.floats(0, 10_000)


def measured(rtt_ms=None, loss_ratio=None, jitter_ms=None):
    return SimpleNamespace(rtt_ms=rtt_ms, loss_ratio=loss_ratio, jitter_ms=jitter_ms)


# R and MOS of ITU-T G.107, table B.1: the lower limit of each class of satisfaction.
@pytest.mark.parametrize(
    ("r", "score"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)]
)
def test_r_to_mos_is_the_table_of_the_recommendation(r, score):
    assert opinion(r) == pytest.approx(score, abs=0.01)


@pytest.mark.parametrize(("r", "score"), [(-5, 1.0), (0, 1.0), (100, 4.5), (120, 4.5)])
def test_r_beyond_its_scale(r, score):
    assert opinion(r) == score


def test_a_perfect_path_scores_what_the_defaults_allow():
    assert mos(measured(rtt_ms=0, loss_ratio=0, jitter_ms=0)) == pytest.approx(
        opinion(BEST_R - delay_impairment(40))
    )


def test_a_delay_is_hardly_heard_up_to_177_ms_and_then_soon():
    assert delay_impairment(177.3) == pytest.approx(4.26, abs=0.01)
    assert delay_impairment(277.3) == pytest.approx(4.26 + 2.4 + 11, abs=0.01)


def test_losing_as_much_as_the_codec_withstands_costs_half_of_the_scale():
    assert loss_impairment(0.251) == pytest.approx(47.5)


@pytest.mark.parametrize(
    "partial", [measured(), measured(rtt_ms=20), measured(loss_ratio=0.1), measured(jitter_ms=1)]
)
def test_no_estimate_from_half_a_measurement(partial):
    assert mos(partial) is None


def test_jitter_may_be_missing():
    full, partial = measured(20, 0, 0), measured(20, 0, None)
    assert mos(full) == mos(partial)


@given(delays, ratios, delays)
def test_it_is_always_a_score(rtt, loss, jitter):
    score = mos(measured(rtt, loss, jitter))
    assert score is not None
    assert 1.0 <= score <= 4.5


@given(delays, ratios, ratios)
def test_more_loss_never_sounds_better(rtt, one, other):
    less, more = sorted((one, other))
    assert mos(measured(rtt, less)) >= mos(measured(rtt, more))  # type: ignore[operator]


@given(delays, delays, ratios)
def test_more_delay_never_sounds_better(one, other, loss):
    less, more = sorted((one, other))
    assert mos(measured(less, loss)) >= mos(measured(more, loss))  # type: ignore[operator]
