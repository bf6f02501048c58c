"""Verifiers over a secret, and over a provider on loopback with one key of each kind."""

from collections.abc import AsyncIterator, Iterator

import pytest

from service.auth.jwks import JwksKeys
from service.auth.tokens import TokenVerifier
from service.settings import Settings
from tests.auth.issuer import SECRET, ec_key, ed_key, jwk, rsa_key
from tests.auth.provider import Provider
from tests.auth.verifying import verifier
from tests.auth.waiting import TIMEOUT_S, Hands


@pytest.fixture
def by_secret() -> TokenVerifier:
    return verifier(jwt_secret=[SECRET], jwt_leeway=10)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(jwk(rsa_key(), kid="r"), jwk(ec_key(), kid="e"), jwk(ed_key(), kid="d")) as up:
        yield up


@pytest.fixture
async def keys(provider: Provider, clock: Hands) -> AsyncIterator[JwksKeys]:
    made = JwksKeys(provider.url, clock=clock, timeout_s=TIMEOUT_S)
    yield made
    provider.over.set()
    await made.close()


@pytest.fixture
def by_jwks(keys: JwksKeys) -> TokenVerifier:
    return TokenVerifier(keys, Settings())
