"""A wrong setting is one sentence that names it and says what to do."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.auth.keys import BadSignature, StaticKey
from service.auth.setup import verifier
from tests.auth.issuer import SECRET, ec_key, ed_key, pem, rsa_key, token

JWKS_URL = "http://127.0.0.1:9/jwks.json"
PRIVATE = ec_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def mistake(**settings: Any) -> str:
    with pytest.raises(ValueError, match=r"^RINGLINE_|verifies tokens") as why:
        verifier(**settings)
    message = str(why.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("nothing", [{}, {"secret": "", "public_key": "", "jwks_url": ""}])
def test_no_key_at_all(nothing: dict[str, str]):
    message = mistake(**nothing)
    assert "RINGLINE_JWT_SECRET" in message
    assert "RINGLINE_JWKS_URL" in message


def test_more_than_one_key():
    assert "only one" in mistake(secret=SECRET, jwks_url=JWKS_URL)


@pytest.mark.parametrize("secret", ["short", "s" * 31, "é" * 15])
def test_a_secret_under_32_bytes(secret: str):
    message = mistake(secret=secret)
    assert message.startswith("RINGLINE_JWT_SECRET has")
    assert secret not in message


def test_a_secret_counts_in_bytes():
    assert verifier(secret="é" * 16) is not None


def test_a_public_key_in_the_place_of_the_secret():
    assert "RINGLINE_JWT_PUBLIC_KEY" in mistake(secret=pem(rsa_key()))


@pytest.mark.parametrize(
    "unfit", ["no pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", PRIVATE, "é"]
)
def test_a_public_key_that_does_not_parse(unfit: str):
    message = mistake(public_key=unfit)
    assert message.startswith("RINGLINE_JWT_PUBLIC_KEY does not parse")
    assert unfit not in message


def test_an_rsa_key_under_2048_bits():
    assert "1024 bits" in mistake(public_key=pem(rsa_key(1024)))


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), ed448.Ed448PrivateKey.generate()]
)
def test_a_key_of_another_kind(key: Any):
    assert "not supported" in mistake(public_key=pem(key))


@pytest.mark.parametrize(
    ("settings", "algorithms"),
    [
        ({"secret": SECRET}, ("RS256",)),
        ({"secret": SECRET}, ("HS256", "RS256")),
        ({"secret": SECRET}, ("none",)),
        ({"public_key": pem(rsa_key())}, ("HS256",)),
        ({"public_key": pem(rsa_key())}, ("PS256",)),
        ({"public_key": pem(ec_key())}, ("EdDSA",)),
        ({"public_key": pem(ed_key())}, ("ES256",)),
        ({"jwks_url": JWKS_URL}, ("HS256",)),
        ({"jwks_url": JWKS_URL}, ("RS256", "hs256")),
    ],
)
def test_an_algorithm_that_the_key_is_not_for(
    settings: dict[str, str], algorithms: tuple[str, ...]
):
    message = mistake(**settings, algorithms=algorithms)
    assert message.startswith("RINGLINE_JWT_ALGORITHMS names")


@pytest.mark.parametrize("url", ["jwks.json", "file:///etc/passwd", "ftp://id.example/", "http://"])
def test_a_jwks_url_that_is_none(url: str):
    assert mistake(jwks_url=url).startswith("RINGLINE_JWKS_URL")


async def test_a_pem_may_have_space_around_it():
    padded = verifier(public_key=f"\n  {pem(ec_key())}\n\n", algorithms=("ES256",))
    assert (await padded.verify(token(ec_key(), "ES256"))).user == "alice"


async def test_an_issuer_or_audience_left_empty_asks_for_none():
    lenient = verifier(secret=SECRET, issuer="", audience="")
    assert (await lenient.verify(token(aud="any"))).user == "alice"


async def test_algorithms_narrow_what_a_key_set_admits():
    narrow = verifier(jwks_url=JWKS_URL, algorithms=("ES256",))
    with pytest.raises(BadSignature):
        await narrow.verify(token(rsa_key(), "RS256"))  # refused before a fetch is tried
    await narrow.close()


async def test_a_static_key_admits_its_own_algorithm_only():
    key = StaticKey(rsa_key().public_key())
    assert key.alg == "RS256"
    with pytest.raises(BadSignature):
        await key.key(None, "HS256")
    await key.close()


def test_a_static_key_has_to_be_of_a_kind_that_verifies():
    with pytest.raises(ValueError, match="no kind"):
        StaticKey(b"short")
