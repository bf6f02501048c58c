"""Which key of a set, from a real HTTP server, verifies which token."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from service.auth.jwks import MOST_TRIED, JwksKeys
from service.auth.keys import BadSignature
from service.auth.keyset import read
from service.auth.tokens import TokenVerifier
from service.errors import Unauthenticated
from tests.auth.issuer import SECRET, claims, ec_key, ed_key, hs256, jwk, rsa_key, signed
from tests.auth.provider import Provider
from tests.auth.waiting import ticked


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


async def test_the_set_is_there_before_the_first_token(
    by_jwks: TokenVerifier, keys: JwksKeys, provider: Provider
):
    assert keys.trouble is not None
    await ticked(keys)
    assert provider.fetches == 1
    assert by_jwks.trouble is None
    assert (await by_jwks.verify(signed("e"))).user == "alice"
    assert provider.fetches == 1


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


async def test_without_kid_each_key_of_the_algorithm_is_tried(
    by_jwks: TokenVerifier, provider: Provider
):
    provider.rotate(jwk(ec_key(), kid="e"), jwk(rsa_key(), kid="r"), jwk(ec_key("new"), kid="n"))
    for key in (ec_key(), ec_key("new")):
        assert (await by_jwks.verify(signed(None, key))).user == "alice"
    with pytest.raises(BadSignature):
        await by_jwks.verify(signed(None, ec_key("theirs")))


async def test_without_kid_more_than_eight_keys_are_too_many(
    by_jwks: TokenVerifier, provider: Provider
):
    provider.rotate(*(jwk(ec_key(f"{n}"), kid=f"{n}") for n in range(MOST_TRIED + 1)))
    with pytest.raises(Unauthenticated, match="kid"):
        await by_jwks.verify(signed(None, ec_key("8")))
    assert (await by_jwks.verify(signed("8", ec_key("8")))).user == "alice"


async def test_two_kinds_of_key_may_share_a_name(by_jwks: TokenVerifier, provider: Provider):
    provider.rotate(jwk(ec_key(), kid="k"), jwk(rsa_key(), kid="k"))
    assert (await by_jwks.verify(signed("k"))).user == "alice"
    assert (await by_jwks.verify(signed("k", rsa_key(), "RS256"))).user == "alice"


def test_what_verifies_no_token_is_left_out_and_costs_the_others_nothing():
    private = jwk(ec_key("leaked"), kid="leaked")
    private["d"] = "A" * 43
    members = [
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
    ]
    assert [key.kid for key in read(json.dumps({"keys": members}).encode())] == ["e"]


async def test_a_shared_secret_in_the_set_verifies_nothing(
    by_jwks: TokenVerifier, provider: Provider
):
    shared = {"kty": "oct", "kid": "s", "k": SECRET, "alg": "HS256"}
    provider.rotate(shared, jwk(ec_key(), kid="e"))
    with pytest.raises(BadSignature):
        await by_jwks.verify(hs256({"alg": "HS256", "kid": "s"}, claims()))
    assert provider.fetches == 0
    with pytest.raises(Unauthenticated, match="lacks"):
        await by_jwks.verify(signed("s"))
