"""Where keys are public, whoever has one must not be able to sign with it, nor bring another."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.auth.issuer import claims, ec_key, hs256, jwk, pem, rsa_key, token
from tests.auth.provider import Provider
from tests.support.service import TestService, running
from tests.support.waiting import until

EVIL = "http://evil.invalid"  # stands for the evil server's address, which only a test has
GOOD = token(rsa_key(), "RS256", header={"kid": "r"})


@pytest.fixture
def evil():
    """A server with a key of Mallory's, which nobody may ask for it."""
    with Provider(jwk(ec_key("evil"), kid="evil")) as server:
        yield server
        assert server.fetches == 0


@asynccontextmanager
async def by_public_key() -> AsyncIterator[TestService]:
    """A service that knows the RSA key from its settings."""
    async with running(jwt_secret=(), jwt_public_key=pem(rsa_key())) as service:
        yield service


@asynccontextmanager
async def by_jwks(fetches: int = 1) -> AsyncIterator[TestService]:
    """A service that fetches its keys, and does so this often at most whatever tokens say."""
    with Provider(jwk(rsa_key(), kid="r", alg="RS256"), jwk(ec_key(), kid="e")) as provider:
        async with running(jwt_secret=(), jwks_url=provider.url) as service:
            await until(lambda: service.node.verifier.trouble is None, "its keys")
            yield service
        assert provider.fetches <= fetches


async def refused(service: TestService, forged: str) -> None:
    """A good token is believed, so that it is for what is wrong with it that this one is not."""
    assert (await service.connect(GOOD)).connected
    mallory = await service.connect(forged)
    assert mallory.connected is None
    assert mallory.refused["data"] == {"code": "unauthenticated", "retryable": False}


@pytest.mark.parametrize("kid", [None, "r"])
@pytest.mark.parametrize("believing", [by_public_key, by_jwks])
async def test_hs256_signed_with_the_rsa_public_key(believing: Any, kid: str | None):
    header = {"alg": "HS256", "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    async with believing() as service:
        await refused(service, hs256(header, claims(), pem(rsa_key()).encode()))


def certificate_of(key: Any) -> bytes:
    """A self-signed certificate (DER), as an attacker makes one."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil.invalid")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(key, SHA256()).public_bytes(Encoding.DER)


def brought(place: str, key: Any, url: str) -> Any:
    """Another key, or where one is, as a header says it in this place."""
    certificate = base64.b64encode(certificate_of(key)).decode()
    return {
        "jku": url,
        "x5u": url,
        "jwk": jwk(key),
        "x5c": [certificate],
        "x5t": "dGh1bWJwcmludA",
        "x5t#S256": "dGh1bWJwcmludA",
    }[place]


PLACES = ["jku", "x5u", "jwk", "x5c", "x5t", "x5t#S256"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kid", ["evil", "e", None])
async def test_a_key_that_a_token_brings_is_neither_believed_nor_fetched(
    evil: Provider, place: str, kid: str | None
):
    async with by_jwks(fetches=2) as service:
        header = {place: brought(place, ec_key("evil"), evil.url)}
        header |= {} if kid is None else {"kid": kid}
        await refused(service, token(ec_key("evil"), "ES256", header=header))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("believing", [by_public_key, by_jwks])
async def test_a_good_token_may_say_where_its_key_is_and_nobody_goes_there(
    evil: Provider, place: str, believing: Any
):
    header = {"kid": "r", place: brought(place, ec_key("evil"), evil.url)}
    async with believing() as service:
        assert (await service.connect(token(rsa_key(), "RS256", header=header))).connected


@pytest.mark.parametrize("kid", ["../../dev/null", "/etc/passwd", "file:///etc/passwd", EVIL])
async def test_a_kid_that_is_a_path_or_a_url_is_not_followed(evil: Provider, kid: str):
    async with by_jwks(fetches=2) as service:
        header = {"kid": kid.replace(EVIL, evil.url)}
        await refused(service, token(ec_key("evil"), "ES256", header=header))


@pytest.mark.parametrize(
    ("key", "alg", "kid"), [(ec_key(), "ES256", "r"), (rsa_key(), "RS256", "e")]
)
async def test_an_algorithm_that_is_not_the_key_s(key: Any, alg: str, kid: str):
    async with by_jwks() as service:
        await refused(service, token(key, alg, header={"kid": kid}))
