"""What a good token says, and what is no token at all."""

import asyncio
import string
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth.tokens import TokenVerifier
from service.errors import AuthUnavailable, TokenExpired, Unauthenticated
from service.ports import Identity
from tests.auth.issuer import (
    KEYS,
    SECRET,
    claims,
    hs256,
    pem,
    raw,
    refusal,
    token,
)
from tests.auth.verifying import verifier


async def test_a_token_says_who_speaks_and_until_when(by_secret: TokenVerifier):
    exp = int(time.time()) + 60
    good = token(exp=exp, name="Alice", scope="admin calls:read")
    assert await by_secret.verify(good) == Identity(
        user="alice",
        name="Alice",
        expires_at=exp * 1000,
        scopes=frozenset({"admin", "calls:read"}),
        leeway_ms=10_000,
    )


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
async def test_each_kind_of_public_key_verifies_its_algorithm(alg: str):
    private = KEYS[alg]()
    identity = await verifier(jwt_public_key=pem(private)).verify(token(private, alg))
    assert identity.user == "alice"


async def test_name_and_scope_may_be_absent(by_secret: TokenVerifier):
    identity = await by_secret.verify(token())
    assert (identity.name, identity.scopes) == (None, frozenset())


@pytest.mark.parametrize("name", ["", "n" * 129, 7, ["Alice"], "\ud800"])
async def test_an_unfit_name_is_ignored(by_secret: TokenVerifier, name: Any):
    assert (await by_secret.verify(token(name=name))).name is None


async def test_a_name_of_128_characters_is_kept(by_secret: TokenVerifier):
    assert (await by_secret.verify(token(name="é" * 128))).name == "é" * 128


@pytest.mark.parametrize("scope", ["", 7, ["admin"], {"admin": True}])
async def test_a_scope_that_is_no_string_gives_no_right(by_secret: TokenVerifier, scope: Any):
    assert (await by_secret.verify(token(scope=scope))).scopes == frozenset()


async def test_a_static_key_verifies_without_waiting_or_a_thread(by_secret: TokenVerifier):
    threads = threading.active_count()
    coroutine = by_secret.verify(token())
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)  # the first step is the last: no await suspended it
    assert done.value.value.user == "alice"
    assert threading.active_count() == threads


async def test_a_token_over_8_kib_is_refused_before_it_is_parsed(by_secret: TokenVerifier):
    just_right = token(pad="x" * 5_900)
    assert 8_000 < len(just_right) <= 8 * 1024
    assert (await by_secret.verify(just_right)).user == "alice"
    for too_long in (token(pad="x" * 6_100), "é" * 8_193, "." * 8_193):
        assert "longer" in (await refusal(by_secret, too_long)).message


@pytest.mark.parametrize(
    "junk", ["", ".", "..", "...", "a.b.c", "é.é.é", "\ud800", "Bearer x", "e30.e30.e30"]
)
async def test_what_is_no_jwt_is_refused(by_secret: TokenVerifier, junk: str):
    await refusal(by_secret, junk)


@pytest.mark.parametrize("payload", [[], "text", 7, None])
async def test_claims_that_are_no_object_are_refused(by_secret: TokenVerifier, payload: Any):
    await refusal(by_secret, hs256({"alg": "HS256"}, payload))


async def test_deep_json_is_refused(by_secret: TokenVerifier):
    nested: list[Any] = []
    for _ in range(900):
        nested = [nested]
    await refusal(by_secret, raw({"alg": "HS256", "deep": nested}, claims()))


@given(st.text(string.printable, max_size=300) | st.text(max_size=300))
def test_no_text_is_a_token_or_an_accident(text: str):
    with pytest.raises(Unauthenticated):
        asyncio.run(verifier(jwt_secret=[SECRET]).verify(text))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    header=st.dictionaries(st.sampled_from(["typ", "kid", "crit", "b64", "jku", "x"]), json_values),
    changes=st.dictionaries(
        st.sampled_from(["sub", "exp", "iat", "nbf", "jti", "name", "scope", "aud"]), json_values
    ),
)
def test_signed_nonsense_is_refused_or_understood_and_never_an_accident(
    header: dict[str, Any], changes: dict[str, Any]
):
    signed = hs256({"alg": "HS256"} | header, claims() | changes)
    try:
        identity = asyncio.run(verifier(jwt_secret=[SECRET]).verify(signed))
    except (Unauthenticated, TokenExpired, AuthUnavailable):
        return
    assert 0 < len(identity.user.encode()) <= 256
    assert identity.expires_at > (time.time() - 11) * 1000
