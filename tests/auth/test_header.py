"""The identity table on headers: they choose among our keys, and name nothing else."""

from typing import Any

import pytest

from service.auth.header import LONGEST_KID
from service.auth.tokens import TokenVerifier
from tests.auth.issuer import claims, ec_key, hs256, jwk, refusal, token
from tests.auth.provider import Provider


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_types_of_access_tokens_are_accepted(by_secret: TokenVerifier, typ: str):
    assert (await by_secret.verify(token(header={"typ": typ}))).user == "alice"


async def test_a_token_without_typ_is_accepted(by_secret: TokenVerifier):
    assert (await by_secret.verify(hs256({"alg": "HS256"}, claims()))).user == "alice"


@pytest.mark.parametrize("typ", ["dpop+jwt", "secevent+jwt", "JWE", "", "application/", 7, None])
async def test_another_typ_is_refused(by_secret: TokenVerifier, typ: Any):
    typed = hs256({"alg": "HS256", "typ": typ}, claims())
    assert "typ" in (await refusal(by_secret, typed)).message


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["x", "y"], [], "b64", [7], None])
async def test_a_critical_extension_is_refused(by_secret: TokenVerifier, crit: Any):
    await refusal(by_secret, hs256({"alg": "HS256", "crit": crit, "b64": True}, claims()))


async def test_a_detached_payload_is_refused(by_secret: TokenVerifier):
    await refusal(by_secret, hs256({"alg": "HS256", "crit": ["b64"], "b64": False}, claims()))


@pytest.mark.parametrize("kid", [7, ["k"], None, {}, True])
async def test_a_kid_that_is_no_string_is_refused(by_secret: TokenVerifier, kid: Any):
    assert (
        "kid" in (await refusal(by_secret, hs256({"alg": "HS256", "kid": kid}, claims()))).message
    )


async def test_a_kid_is_bounded(by_secret: TokenVerifier):
    assert (await by_secret.verify(token(header={"kid": "k" * LONGEST_KID}))).user == "alice"
    why = await refusal(by_secret, token(header={"kid": "k" * (LONGEST_KID + 1)}))
    assert "1024" in why.message


KIDS = [
    "k1",
    "2026-11",
    "public:hydra.1",
    "u_r-l",
    "",
    "arn:aws:kms:eu-west-1:123456789012:key/6c1d-…",
    "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
    "/" + "a+/9" * 10 + "aB=",
    "a/b\\c",
    "a key of 2026",
    "../../etc/passwd",
    "https://id.example/keys/7?v=1#k",
    "did:web:id.example#key-1",
    "é€😀",
    "a\x00b\n",
    "\ud800",
]
"""Names of keys as real providers have them, and what only an attacker would write."""


@pytest.mark.parametrize("kid", KIDS)
async def test_a_kid_may_be_any_text_where_the_key_is_set(by_secret: TokenVerifier, kid: str):
    named = hs256({"alg": "HS256", "kid": kid}, claims())
    assert (await by_secret.verify(named)).user == "alice"


@pytest.mark.parametrize("kid", KIDS)
async def test_a_kid_may_be_any_text_that_the_key_set_has(
    by_jwks: TokenVerifier, provider: Provider, kid: str
):
    provider.rotate(jwk(ec_key("other"), kid="other"), jwk(ec_key(), kid=kid))
    assert (await by_jwks.verify(token(ec_key(), "ES256", header={"kid": kid}))).user == "alice"


@pytest.mark.parametrize("place", ["jku", "x5u", "x5c", "x5t", "x5t#S256", "jwk"])
@pytest.mark.parametrize("said", ["http://127.0.0.1:9/jwks.json", ["MII="], {"kty": "EC"}, 7])
async def test_what_a_header_says_of_other_keys_is_ignored(
    by_secret: TokenVerifier, place: str, said: Any
):
    named = hs256({"alg": "HS256", place: said}, claims())
    assert (await by_secret.verify(named)).user == "alice"
