"""Keys of every kind, and tokens signed with them: right ones, and wrong in one place."""

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from service.errors import Unauthenticated
from service.ports import Verifier

SECRET = "a secret of thirty-two bytes or more"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def rsa_key(bits: int = 2048, name: str = "") -> rsa.RSAPrivateKey:
    """An RSA key; another one for each name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str = "") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str = "") -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


KEYS: dict[str, Any] = {"RS256": rsa_key, "ES256": ec_key, "EdDSA": ed_key}
"""A maker of private keys for each asymmetric algorithm."""


def pem(key: Any) -> str:
    """The public half of a private key, as PEM."""
    public: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def jwk(key: Private, **members: Any) -> dict[str, Any]:
    """The public half of a private key, as a JWK; `members` are added to it."""
    match key:
        case rsa.RSAPrivateKey():
            made = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            made.pop("key_ops")
        case ec.EllipticCurvePrivateKey():
            made = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            made = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return made | members


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with changes; a change to None takes the claim away."""
    now = int(time.time())
    good = {"sub": "alice", "iat": now, "exp": now + 3600}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(
    key: Any = SECRET, alg: str = "HS256", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A signed token; `header` and `changes` say what is wrong with it."""
    return jwt.encode(claims(**changes), key, algorithm=alg, headers=header)


def signed(kid: str | None, key: Any = None, alg: str = "ES256") -> str:
    """A token that names its key; ES256 where nothing else is said."""
    return token(key or ec_key(), alg, header={} if kid is None else {"kid": kid})


def raw(header: Any, payload: Any, signature: bytes = b"x") -> str:
    """Three segments of anything, for what no library would sign; bytes stay as they are."""
    segments = (
        one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, payload)
    )
    parts = [*segments, signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hs256(header: dict[str, Any], payload: Any, secret: bytes = SECRET.encode()) -> str:
    """HS256 by hand: any header, any payload, any secret, a PEM too."""
    signed = raw(header, payload).rpartition(".")[0]
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(algorithm.sign(signed.encode(), secret))
    return f"{signed}.{signature.rstrip(b'=').decode()}"


async def refusal(of: Verifier, refused: str) -> Unauthenticated:
    """Why a token is refused; nothing of it may stand in the message."""
    with pytest.raises(Unauthenticated) as why:
        await of.verify(refused, "192.0.2.7")
    assert why.value.message.endswith(".")
    assert not any(part in why.value.message for part in refused.split(".") if len(part) > 3)
    return why.value
