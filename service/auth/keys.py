"""The keys that verify tokens, and which algorithm each kind of key admits.

A key decides its algorithm, never a token's header (RFC 8725, 3.1): an RSA key verifies RS256, a
P-256 key ES256, an Ed25519 key EdDSA, a shared secret HS256, and none of them anything else.
"""

from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from service.errors import RinglineError, Unauthenticated

Material: TypeAlias = bytes | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
"""A shared secret or a public key, with which a signature is verified."""

ASYMMETRIC = frozenset({"RS256", "ES256", "EdDSA"})
SHORTEST_SECRET = 32  # bytes: RFC 7518, 3.2
SHORTEST_RSA = 2048  # bits: RFC 7518, 3.3


class BadSignature(Unauthenticated):
    """The token is probably forged; this counts against its sender's address."""

    default = "The token's signature does not verify."


def failure(error: RinglineError) -> str:
    """Why a token was refused: the error's code, or `bad_signature`."""
    return "bad_signature" if isinstance(error, BadSignature) else error.code


def algorithm_of(material: object) -> str | None:
    """The one algorithm of this key; None for a kind of key that verifies no tokens."""
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
