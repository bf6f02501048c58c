"""The keys that verify tokens, and which algorithm each kind of key admits.

A key decides its algorithm, never a token's header (RFC 8725, 3.1): an RSA key verifies RS256, a
P-256 key ES256, an Ed25519 key EdDSA, a shared secret HS256, and none of them anything else.
"""

from typing import Protocol, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError

from service.errors import RinglineError, Unauthenticated

Material: TypeAlias = bytes | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
"""What a signature is verified with: a shared secret or a public key."""

SHORTEST_SECRET = 32  # bytes: RFC 7518, 3.2
SHORTEST_RSA = 2048  # bits: RFC 7518, 3.3


class BadSignature(Unauthenticated):
    """The token was forged, as far as one can tell: this counts against its sender's address."""

    default = "The token's signature does not verify."


def failure(error: RinglineError) -> str:
    """Why a token was refused, in a word: the error's code, or `bad_signature`."""
    return "bad_signature" if isinstance(error, BadSignature) else error.code


class KeySource(Protocol):
    """Where the key that verifies a token comes from."""

    async def key(self, kid: str | None, alg: str) -> Material:
        """The key that a token with this header is to be verified with.

        Raises:
            BadSignature: the key of that name is for another algorithm.
            Unauthenticated: there is no such key.
            AuthUnavailable: there may be, and it cannot be found out now; retrying may mend it.
        """
        ...

    async def close(self) -> None:
        """End what runs in the background."""
        ...


def algorithm_of(material: object) -> str | None:
    """The one algorithm that this key admits; None when it is of no kind we verify with."""
    match material:
        case bytes() if len(material) >= SHORTEST_SECRET:
            return "HS256"
        case RSAPublicKey() if material.key_size >= SHORTEST_RSA:
            return "RS256"
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
        case _:
            return None


class StaticKey:
    """One key for every token, whatever `kid` the token names. Waits for nothing."""

    def __init__(self, material: Material) -> None:
        alg = algorithm_of(material)
        if alg is None:
            raise ValueError("This key is of no kind that tokens are verified with.")
        self.alg = alg
        self._material = material

    async def key(self, kid: str | None, alg: str) -> Material:  # noqa: ARG002
        """As `KeySource.key`; the one key has no name."""
        if alg != self.alg:
            raise BadSignature("The token's algorithm is not the one its key is for.")
        return self._material

    async def close(self) -> None:
        """Nothing runs."""


def secret_key(secret: str) -> StaticKey:
    """The key of an HMAC secret (`RINGLINE_JWT_SECRET`); raises `ValueError` when it is unfit."""
    material = secret.encode()
    if len(material) < SHORTEST_SECRET:
        raise ValueError(
            f"RINGLINE_JWT_SECRET has {len(material)} bytes; set at least {SHORTEST_SECRET}, "
            "for example from `openssl rand -base64 48`."
        )
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(material)
    except InvalidKeyError:
        raise ValueError(
            "RINGLINE_JWT_SECRET holds a key or certificate, not a secret; "
            "set a public key as RINGLINE_JWT_PUBLIC_KEY."
        ) from None
    return StaticKey(material)


def public_key(pem: str) -> StaticKey:
    """The key of a PEM (`RINGLINE_JWT_PUBLIC_KEY`); raises `ValueError` when it is unfit."""
    try:
        material = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(
            "RINGLINE_JWT_PUBLIC_KEY does not parse; "
            "set a PEM that begins with -----BEGIN PUBLIC KEY-----."
        ) from None
    if isinstance(material, RSAPublicKey) and material.key_size < SHORTEST_RSA:
        raise ValueError(
            f"RINGLINE_JWT_PUBLIC_KEY is an RSA key of {material.key_size} bits; "
            f"set one of at least {SHORTEST_RSA}."
        )
    if not isinstance(material, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey) or (
        algorithm_of(material) is None
    ):
        raise ValueError(
            "RINGLINE_JWT_PUBLIC_KEY is of a kind that is not supported; "
            "set an RSA, a P-256 or an Ed25519 key."
        )
    return StaticKey(material)
