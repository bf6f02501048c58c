"""How good a call sounds, estimated: the E-model of ITU-T G.107 for packet voice.

From the reported round trip, jitter and loss to a rating R, and from R to a mean opinion score.
It is an estimate for comparing calls, not a measurement of one: the codec is taken to be Opus
with concealment, the rest of the model stands at its defaults.

Sources: ITU-T G.107 (06/2015), annex B for R to MOS and 7.5 for Ie-eff with random loss;
R. G. Cole and J. H. Rosenbluth, "Voice over IP performance monitoring", ACM SIGCOMM CCR 31(2),
2001, for the simple form of the delay impairment Id.
"""

from service.wire.client_events import MediaStats

BEST_R = 93.2
"""R with every parameter of G.107 at its default."""
_EQUIPMENT = 0.0  # Ie of the codec without loss
_ROBUSTNESS = 25.1  # Bpl with packet-loss concealment (ITU-T G.113, appendix I)
_CODEC_MS = 40.0  # a 20 ms frame, its look-ahead and playout
_AUDIBLE_DELAY_MS = 177.3
_WORST_MOS, _BEST_MOS = 1.0, 4.5


def mos(measured: MediaStats) -> float | None:
    """The mean opinion score, 1 (bad) to 4.5; None unless round trip and loss were measured."""
    if measured.rtt_ms is None or measured.loss_ratio is None:
        return None
    # A jitter buffer is taken to hold twice the jitter.
    delay_ms = measured.rtt_ms / 2 + 2 * (measured.jitter_ms or 0.0) + _CODEC_MS
    return opinion(BEST_R - delay_impairment(delay_ms) - loss_impairment(measured.loss_ratio))


def delay_impairment(one_way_ms: float) -> float:
    """Id: what a mouth-to-ear delay costs (Cole and Rosenbluth, equation 9)."""
    audible = max(0.0, one_way_ms - _AUDIBLE_DELAY_MS)
    return 0.024 * one_way_ms + 0.11 * audible


def loss_impairment(ratio: float) -> float:
    """Ie-eff: what random packet loss costs (G.107, equation 7-29, BurstR = 1)."""
    percent = 100 * ratio
    return _EQUIPMENT + (95 - _EQUIPMENT) * percent / (percent + _ROBUSTNESS)


def opinion(r: float) -> float:
    """MOS of a rating R (G.107, annex B)."""
    if r <= 0:
        return _WORST_MOS
    if r >= 100:  # noqa: PLR2004 - the end of the scale
        return _BEST_MOS
    return max(_WORST_MOS, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
