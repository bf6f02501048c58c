"""A wrong setting is one sentence that names it and says what to do."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from jwt.algorithms import HMACAlgorithm

from service.auth.keys import BadSignature
from service.auth.setup import static_keys
from service.auth.static import StaticKeys
from service.errors import TokenExpired
from service.settings import Settings
from tests.auth.issuer import KEYS, SECRET, ec_key, ed_key, pem, rsa_key, token
from tests.auth.verifying import verifier

JWKS_URL = "http://127.0.0.1:9/jwks.json"


def mistake(**settings: Any) -> str:
    with pytest.raises(ValueError, match=r"^RINGLINE_") as why:
        verifier(**settings)
    message = str(why.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_a_secret_counts_in_bytes():
    assert verifier(jwt_secret=["é" * 16]) is not None


def test_a_public_key_in_the_place_of_the_secret():
    assert "RINGLINE_JWT_PUBLIC_KEY" in mistake(jwt_secret=[pem(rsa_key())])


def test_a_public_key_that_does_not_parse():
    unfit = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    message = mistake(jwt_public_key=unfit)
    assert message.startswith("RINGLINE_JWT_PUBLIC_KEY does not parse")
    assert unfit not in message


def test_an_rsa_key_under_2048_bits():
    assert "1024 bits" in mistake(jwt_public_key=pem(rsa_key(1024)))


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), ed448.Ed448PrivateKey.generate()]
)
def test_a_key_of_another_kind(key: Any):
    assert "not supported" in mistake(jwt_public_key=pem(key))


@pytest.mark.parametrize(
    ("settings", "algorithms"),
    [
        ({"jwt_secret": [SECRET]}, ("RS256",)),
        ({"jwt_secret": [SECRET]}, ("HS256", "RS256")),
        ({"jwt_public_key": pem(rsa_key())}, ("HS256",)),
        ({"jwt_public_key": pem(ec_key())}, ("EdDSA",)),
        ({"jwt_public_key": pem(ed_key())}, ("ES256",)),
        ({"jwks_url": JWKS_URL}, ("HS256",)),
        ({"jwks_url": JWKS_URL}, ("RS256", "HS256")),
    ],
)
def test_an_algorithm_that_the_key_is_not_for(
    settings: dict[str, Any], algorithms: tuple[str, ...]
):
    message = mistake(**settings, jwt_algorithms=algorithms)
    assert message.startswith("RINGLINE_JWT_ALGORITHMS names")


async def test_a_pem_may_have_space_around_it():
    padded = verifier(jwt_public_key=f"\n  {pem(ec_key())}\n\n", jwt_algorithms=("ES256",))
    assert (await padded.verify(token(ec_key(), "ES256"))).user == "alice"


async def test_an_issuer_or_audience_left_empty_asks_for_none():
    lenient = verifier(jwt_secret=[SECRET], jwt_issuer=(), jwt_audience=())
    assert (await lenient.verify(token(aud="any"))).user == "alice"


async def test_algorithms_narrow_what_a_key_set_admits():
    narrow = verifier(jwks_url=JWKS_URL, jwt_algorithms=("ES256",))
    with pytest.raises(BadSignature):
        await narrow.verify(token(rsa_key(), "RS256"))  # refused before a fetch is tried
    await narrow.close()


async def test_each_of_several_secrets_verifies():
    old, new = "o" * 32, "n" * 32
    both = verifier(jwt_secret=[new, old])
    for secret in (new, old):
        assert (await both.verify(token(secret))).user == "alice"
    with pytest.raises(BadSignature):
        await both.verify(token("x" * 32))
    expired = token(old, iat=1, exp=2)
    with pytest.raises(TokenExpired):  # what the right key says counts, whichever it is
        await both.verify(expired)


async def test_the_newest_secret_takes_one_look(monkeypatch: pytest.MonkeyPatch):
    looks: list[bytes] = []
    verify = HMACAlgorithm.verify

    def counted(self: HMACAlgorithm, message: bytes, key: bytes, signature: bytes) -> bool:
        looks.append(key)
        return verify(self, message, key, signature)

    monkeypatch.setattr(HMACAlgorithm, "verify", counted)
    await verifier(jwt_secret=["n" * 32, "o" * 32]).verify(token("n" * 32))
    assert looks == [b"n" * 32]


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
async def test_each_of_several_public_keys_verifies_whatever_its_kind(alg: str):
    keys = [KEYS[each](name=name) for each in KEYS for name in ("", "new")]
    several = verifier(jwt_public_key="\n".join(map(pem, keys)))
    for name in ("", "new"):
        assert (await several.verify(token(KEYS[alg](name=name), alg))).user == "alice"
    with pytest.raises(BadSignature):
        await several.verify(token(KEYS[alg](name="theirs"), alg))


def test_which_of_several_public_keys_is_unfit():
    broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    assert "(key 2 of 3)" in mistake(jwt_public_key=pem(ec_key()) + broken + pem(ed_key()))
    assert "(key 1 of 2)" in mistake(jwt_public_key=pem(rsa_key(1024)) + pem(ec_key()))


def keys(**settings: Any) -> StaticKeys:
    return static_keys(Settings.model_validate(settings))


async def test_keys_that_are_set_can_be_replaced():
    rotating = verifier(jwt_secret=["o" * 32])
    assert not rotating.rotate(keys(jwt_secret=["o" * 32]))
    assert rotating.rotate(keys(jwt_secret=["n" * 32, "o" * 32]))
    for secret in ("o" * 32, "n" * 32):
        assert (await rotating.verify(token(secret))).user == "alice"
    assert rotating.rotate(keys(jwt_public_key=pem(ec_key())))
    assert (await rotating.verify(token(ec_key(), "ES256"))).user == "alice"
    with pytest.raises(BadSignature):
        await rotating.verify(token("n" * 32))


async def test_a_public_key_admits_its_own_algorithm_only():
    keys = StaticKeys([rsa_key().public_key()])
    assert keys.algorithms == {"RS256"}
    assert list(await keys.candidates("any", "RS256", "")) == [rsa_key().public_key()]
    await keys.close()


def test_a_static_key_has_to_be_of_a_kind_that_verifies():
    with pytest.raises(ValueError, match="no kind"):
        StaticKeys([b"short"])
