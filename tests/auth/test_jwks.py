"""Which key of a set, from a real HTTP server, verifies which token."""

import asyncio
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from service.auth.jwks import JwksKeys
from service.auth.keys import BadSignature
from service.auth.tokens import TokenVerifier
from service.errors import Unauthenticated
from tests.auth.issuer import SECRET, claims, ec_key, ed_key, hs256, jwk, rsa_key, signed
from tests.auth.provider import Provider


@pytest.mark.parametrize(
    ("kid", "private", "alg"),
    [("r", rsa_key(), "RS256"), ("e", ec_key(), "ES256"), ("d", ed_key(), "EdDSA")],
)
async def test_the_key_of_that_name_verifies(
    by_jwks: TokenVerifier, provider: Provider, kid: str, private: Any, alg: str
):
    for _ in range(3):
        assert (await by_jwks.verify(signed(kid, private, alg))).user == "alice"
    assert provider.fetches == 1


async def test_nothing_is_fetched_before_the_first_token(keys: JwksKeys, provider: Provider):
    await asyncio.sleep(0.05)
    assert provider.fetches == 0
    with pytest.raises(Unauthenticated, match="lacks"):
        await keys.key("s", "HS256")


async def test_a_signature_by_another_key_is_bad(by_jwks: TokenVerifier):
    with pytest.raises(BadSignature):
        await by_jwks.verify(signed("e", ec_key("theirs")))


async def test_an_alg_that_is_not_the_keys_is_a_forgery(by_jwks: TokenVerifier, provider: Provider):
    with pytest.raises(BadSignature):
        await by_jwks.verify(signed("r"))  # ES256 by a key that the set has as RSA
    assert provider.fetches == 1


async def test_an_alg_that_is_not_the_one_the_jwk_states_is_refused(
    by_jwks: TokenVerifier, provider: Provider
):
    provider.rotate(jwk(rsa_key(), kid="r", alg="RS512"), jwk(ec_key(), kid="e", alg="ES256"))
    with pytest.raises(Unauthenticated):
        await by_jwks.verify(signed("r", rsa_key(), "RS256"))
    assert (await by_jwks.verify(signed("e"))).user == "alice"


async def test_without_kid_the_only_key_of_the_algorithm_verifies(by_jwks: TokenVerifier):
    assert (await by_jwks.verify(signed(None))).user == "alice"


async def test_without_kid_two_keys_of_the_algorithm_are_one_too_many(
    by_jwks: TokenVerifier, provider: Provider
):
    provider.rotate(jwk(ec_key(), kid="e"), jwk(ec_key("new"), kid="n"))
    with pytest.raises(Unauthenticated, match="kid"):
        await by_jwks.verify(signed(None))
    assert (await by_jwks.verify(signed("n", ec_key("new")))).user == "alice"


async def test_two_kinds_of_key_may_share_a_name(by_jwks: TokenVerifier, provider: Provider):
    provider.rotate(jwk(ec_key(), kid="k"), jwk(rsa_key(), kid="k"))
    assert (await by_jwks.verify(signed("k"))).user == "alice"
    assert (await by_jwks.verify(signed("k", rsa_key(), "RS256"))).user == "alice"


async def test_what_verifies_no_token_is_left_out_and_costs_the_others_nothing(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider
):
    private = jwk(ec_key("leaked"), kid="leaked")
    private["d"] = "A" * 43
    provider.rotate(
        "no key",
        {"kid": "empty"},
        {"kty": "RSA", "kid": "half", "n": 7},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0" * 8},
        {"kty": "EC", "crv": "P-256", "kid": "off", "x": "A" * 43, "y": "A" * 43},
        jwk(ec_key(), kid="odd") | {"alg": ["ES256"]},
        jwk(rsa_key(1024), kid="weak"),
        jwk(ec.generate_private_key(ec.SECP384R1()), kid="curve"),
        jwk(ec_key("enc"), kid="enc", use="enc"),
        private,
        jwk(ec_key(), kid="e", use="sig"),
    )
    assert (await by_jwks.verify(signed(None))).user == "alice"  # the only one of its algorithm
    for kid in ("empty", "half", "off", "odd", "weak", "curve", "enc", "leaked"):
        with pytest.raises(Unauthenticated, match="lacks"):
            await keys.key(kid, "ES256")


async def test_a_shared_secret_in_the_set_verifies_nothing(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider
):
    provider.rotate({"kty": "oct", "kid": "s", "k": SECRET, "alg": "HS256"})
    with pytest.raises(BadSignature):
        await by_jwks.verify(hs256({"alg": "HS256", "kid": "s"}, claims()))
    assert provider.fetches == 0
    with pytest.raises(Unauthenticated, match="lacks"):
        await keys.key("s", "HS256")
