"""The identity table on claims: each is needed, bounded, and as configured."""

import time
from typing import Any

import pytest

from service.auth.tokens import TokenVerifier
from service.errors import AuthUnavailable, TokenExpired, Unauthenticated
from tests.auth.issuer import SECRET, claims, hs256, refusal, token
from tests.auth.verifying import verifier


@pytest.mark.parametrize("claim", ["exp", "iat", "sub"])
async def test_a_needed_claim_is_missing(by_secret: TokenVerifier, claim: str):
    missing: dict[str, Any] = {claim: None}
    why = await refusal(by_secret, token(**missing))
    assert why.message == f"The token has no {claim}."


@pytest.mark.parametrize("claim", ["exp", "iat", "sub"])
async def test_a_needed_claim_is_null(by_secret: TokenVerifier, claim: str):
    nulled = hs256({"alg": "HS256"}, claims() | {claim: None})
    assert claim in (await refusal(by_secret, nulled)).message


@pytest.mark.parametrize(
    "sub",
    [
        "",
        "s" * 129,
        "😀" * 65,
        "é" * 129,
        "al\nice",
        "al\x00ice",
        "\x7f",
        "\x85",
        "\ud800",
        7,
        ["a"],
    ],
)
async def test_a_sub_that_is_no_user_id_is_refused(by_secret: TokenVerifier, sub: Any):
    bad = hs256({"alg": "HS256", "typ": "JWT"}, claims() | {"sub": sub})
    assert "sub" in (await refusal(by_secret, bad)).message


@pytest.mark.parametrize("sub", ["s", "s" * 128, "😀" * 64, "é" * 128, "a b", "auth0|7", "naïve"])
async def test_a_sub_within_bounds_is_the_user(by_secret: TokenVerifier, sub: str):
    assert (await by_secret.verify(token(sub=sub))).user == sub


async def test_a_token_may_live_as_long_as_configured_and_no_longer():
    short = verifier(jwt_secret=[SECRET], jwt_max_lifetime=600)
    now = int(time.time())
    assert (await short.verify(token(iat=now, exp=now + 600))).user == "alice"
    assert "longer" in (await refusal(short, token(iat=now, exp=now + 601))).message
    assert "longer" in (await refusal(short, token(iat=now - 600, exp=now + 1))).message


@pytest.mark.parametrize("exp", ["soon", True, {}, 10**400, 1e308, float("inf"), float("nan")])
@pytest.mark.parametrize("iat", [1, 1.5, -1e308, "now"])
async def test_a_time_that_is_none_is_refused(by_secret: TokenVerifier, exp: Any, iat: Any):
    with pytest.raises((Unauthenticated, TokenExpired)):
        await by_secret.verify(token(exp=exp, iat=iat))


async def test_numbers_written_as_strings_are_refused(by_secret: TokenVerifier):
    good = claims()
    for claim in ("exp", "iat"):
        written = hs256({"alg": "HS256"}, good | {claim: str(good[claim])})
        assert f"{claim} must be a number" in (await refusal(by_secret, written)).message


async def test_a_fraction_of_a_second_is_fine(by_secret: TokenVerifier):
    now = time.time()
    identity = await by_secret.verify(token(iat=now - 0.5, exp=now + 60.5))
    assert identity.expires_at == int(now + 60.5) * 1000


async def test_expired_5_s_ago_within_the_leeway_of_10_s_is_accepted(by_secret: TokenVerifier):
    now = int(time.time())
    identity = await by_secret.verify(token(iat=now - 60, exp=now - 5))
    assert identity.expires_at == (now - 5) * 1000


async def test_expired_15_s_ago_is_token_expired(by_secret: TokenVerifier):
    now = int(time.time())
    with pytest.raises(TokenExpired):
        await by_secret.verify(token(iat=now - 60, exp=now - 15))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_ahead_of_the_clock_within_the_leeway_is_accepted(
    by_secret: TokenVerifier, claim: str
):
    soon: dict[str, Any] = {claim: int(time.time()) + 5}
    assert (await by_secret.verify(token(**soon))).user == "alice"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("ahead", [60, 300])
async def test_a_few_minutes_ahead_of_the_clock_is_refused_for_now(
    by_secret: TokenVerifier, claim: str, ahead: int
):
    later: dict[str, Any] = {claim: int(time.time()) + ahead}
    with pytest.raises(AuthUnavailable, match="not valid yet") as why:
        await by_secret.verify(token(**later))
    assert why.value.retryable
    left = why.value.retry_after_ms
    assert left is not None
    assert (ahead - 10) * 1000 - 30_000 < left <= (ahead - 10) * 1000  # a busy machine is late


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("ahead", [400, 86_400, 1e300, float("inf"), float("nan"), 10**400])
async def test_further_ahead_is_refused_for_good(by_secret: TokenVerifier, claim: str, ahead: Any):
    later: dict[str, Any] = {claim: time.time() + ahead if ahead < 1e200 else ahead}
    await refusal(by_secret, token(**later))


async def test_what_is_wrong_for_good_is_said_rather_than_what_passes():
    strict = verifier(jwt_secret=[SECRET], jwt_audience=["ringline"])
    early = token(iat=int(time.time()) + 60, aud="other")
    assert "aud" in (await refusal(strict, early)).message


@pytest.mark.parametrize("nbf", ["now", None, [], {}])
async def test_an_nbf_that_is_no_number_is_refused(by_secret: TokenVerifier, nbf: Any):
    odd = hs256({"alg": "HS256"}, claims() | {"nbf": nbf})
    assert "nbf" in (await refusal(by_secret, odd)).message


@pytest.mark.parametrize("aud", [None, "", "other", ["other"], [], ["ringline", 7], 7])
async def test_a_wrong_or_missing_audience_is_refused(aud: Any):
    strict = verifier(jwt_secret=[SECRET], jwt_audience=["ringline"])
    assert "aud" in (await refusal(strict, token(aud=aud))).message


@pytest.mark.parametrize("aud", ["ringline", ["other", "ringline"]])
async def test_the_right_audience_is_accepted(aud: Any):
    strict = verifier(jwt_secret=[SECRET], jwt_audience=["ringline"])
    assert (await strict.verify(token(aud=aud))).user == "alice"


@pytest.mark.parametrize("iss", [None, "", "https://evil.example", "https://id.example/"])
async def test_a_wrong_or_missing_issuer_is_refused(iss: Any):
    strict = verifier(jwt_secret=[SECRET], jwt_issuer=["https://id.example"])
    assert "iss" in (await refusal(strict, token(iss=iss))).message


async def test_one_of_several_audiences_or_issuers_is_enough():
    several = verifier(
        jwt_secret=[SECRET], jwt_audience=["web", "phone"], jwt_issuer=["https://a", "b"]
    )
    for aud in ("web", "phone", ["other", "phone"]):
        for iss in ("https://a", "b"):
            assert (await several.verify(token(aud=aud, iss=iss))).user == "alice"
    assert "aud" in (await refusal(several, token(aud="web,phone", iss="b"))).message
    unfit: list[Any] = ["https://a,b", ["b"], 7]
    for iss in unfit:
        foreign = hs256({"alg": "HS256"}, claims(aud="web") | {"iss": iss})
        assert "iss" in (await refusal(several, foreign)).message


async def test_the_right_issuer_is_accepted():
    strict = verifier(jwt_secret=[SECRET], jwt_issuer=["https://id.example"])
    assert (await strict.verify(token(iss="https://id.example"))).user == "alice"


async def test_issuer_and_audience_are_free_where_none_is_configured(by_secret: TokenVerifier):
    assert (await by_secret.verify(token(aud="any", iss="any"))).user == "alice"


@pytest.mark.parametrize("jti", [7, ["t"]])
async def test_a_jti_that_is_no_text_is_refused(by_secret: TokenVerifier, jti: Any):
    bad = hs256({"alg": "HS256"}, claims() | {"jti": jti})
    assert "jti" in (await refusal(by_secret, bad)).message
