"""The identity table on headers: they choose among our keys, and name nothing else."""

from typing import Any

import pytest

from service.auth.tokens import TokenVerifier
from tests.auth.issuer import claims, hs256, refusal, token


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


PATHS = ["/etc/passwd", "../../keys/hmac", "keys/hmac.key", "a/b", "C:\\keys", "..", "%2Fetc", "~"]


@pytest.mark.parametrize(
    "kid", [*PATHS, "http://evil.example/k", "file:///etc/passwd", "a\x00b", "k" * 257, 7, ["k"]]
)
async def test_a_kid_that_is_a_path_or_url_is_refused(by_secret: TokenVerifier, kid: Any):
    await refusal(by_secret, hs256({"alg": "HS256", "kid": kid}, claims()))


@pytest.mark.parametrize(
    "kid", ["k1", "2026-11", "public:hydra.1", "/" + "a+/9" * 10 + "aB=", "u_r-l", ""]
)
async def test_a_kid_that_is_a_name_is_accepted(by_secret: TokenVerifier, kid: str):
    assert (await by_secret.verify(token(header={"kid": kid}))).user == "alice"


@pytest.mark.parametrize("place", ["jku", "x5u", "jwk"])
async def test_a_header_that_brings_its_key_is_refused(by_secret: TokenVerifier, place: str):
    brought = token(header={place: "http://127.0.0.1:9/jwks.json"})
    assert "key of its own" in (await refusal(by_secret, brought)).message
