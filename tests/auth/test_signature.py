"""The identity table on signatures and algorithms: what is a forgery, and what is not."""

import time
from typing import Any

import pytest

from service.auth.keys import BadSignature
from service.auth.tokens import TokenVerifier
from service.errors import TokenExpired
from tests.auth.issuer import KEYS, SECRET, claims, hs256, pem, raw, refusal, token
from tests.auth.verifying import verifier


async def test_a_signature_by_another_secret_is_bad(by_secret: TokenVerifier):
    forged = token("another secret of at least 32 bytes")
    assert isinstance(await refusal(by_secret, forged), BadSignature)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
async def test_a_signature_by_another_key_of_the_kind_is_bad(alg: str):
    ours, theirs = KEYS[alg](), KEYS[alg](name="theirs")
    why = await refusal(verifier(jwt_public_key=pem(ours)), token(theirs, alg))
    assert isinstance(why, BadSignature)


async def test_changed_claims_are_a_bad_signature(by_secret: TokenVerifier):
    header, _, signature = token().split(".")
    payload = token(sub="mallory").split(".")[1]
    why = await refusal(by_secret, f"{header}.{payload}.{signature}")
    assert isinstance(why, BadSignature)


@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", [b"", b"x"])
async def test_alg_none_is_a_forgery(by_secret: TokenVerifier, none: str, signature: bytes):
    unsigned = raw({"alg": none, "typ": "JWT"}, claims(), signature)
    assert isinstance(await refusal(by_secret, unsigned), BadSignature)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
async def test_hs256_signed_with_the_public_key_is_a_forgery(alg: str):
    public = pem(KEYS[alg]())
    for secret in (public, public.strip()):
        confused = hs256({"alg": "HS256", "typ": "JWT"}, claims(), secret.encode())
        why = await refusal(verifier(jwt_public_key=public), confused)
        assert isinstance(why, BadSignature)


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
async def test_an_algorithm_that_is_not_configured_is_refused(by_secret: TokenVerifier, alg: str):
    why = await refusal(by_secret, token("s" * 64, alg))
    assert isinstance(why, BadSignature)
    assert "algorithm" in why.message


@pytest.mark.parametrize("alg", [None, 256, ["HS256"], {"HS256": 1}])
async def test_an_alg_that_is_no_name_is_refused(by_secret: TokenVerifier, alg: Any):
    await refusal(by_secret, hs256({"alg": alg, "typ": "JWT"}, claims()))


async def test_an_expired_or_misdirected_token_is_no_bad_signature():
    strict = verifier(jwt_secret=[SECRET], jwt_audience=["ringline"])
    now = int(time.time())
    with pytest.raises(TokenExpired):
        await strict.verify(token(aud="ringline", iat=now - 90, exp=now - 60))
    assert not isinstance(await refusal(strict, token(aud="other")), BadSignature)


async def test_an_expired_token_with_a_bad_signature_is_bad_not_expired(by_secret: TokenVerifier):
    forged = token("another secret of at least 32 bytes", exp=int(time.time()) - 60)
    assert isinstance(await refusal(by_secret, forged), BadSignature)
