"""Keys that are set: shared secrets or public keys, several while one takes another's place."""

import re
from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError

from service.auth.keys import SHORTEST_RSA, Material, algorithm_of

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----")  # RFC 7468


class StaticKeys:
    """The same keys for every token, whatever `kid` it names. Waits for nothing.

    Args:
        materials: at least one, newest first: it is tried first.
    """

    trouble = None

    def __init__(self, materials: Sequence[Material]) -> None:
        self._by_algorithm: dict[str, list[Material]] = {}
        for material in materials:
            alg = algorithm_of(material)
            if alg is None:
                raise ValueError("This key is of no kind that tokens are verified with.")
            self._by_algorithm.setdefault(alg, []).append(material)
        self.algorithms = frozenset(self._by_algorithm)
        """Those that the keys admit."""

    def __eq__(self, other: object) -> bool:
        """Whether these are the same keys in the same order."""
        return isinstance(other, StaticKeys) and self._by_algorithm == other._by_algorithm

    def __len__(self) -> int:
        return sum(map(len, self._by_algorithm.values()))

    __hash__ = None  # type: ignore[assignment]  # compared, and never a key of anything

    def only(self, algorithms: frozenset[str]) -> "StaticKeys":
        """Those of them that are for one of these algorithms."""
        kept = {alg: of for alg, of in self._by_algorithm.items() if alg in algorithms}
        return StaticKeys([material for of in kept.values() for material in of])

    async def candidates(self, _kid: str | None, alg: str, _sender: str) -> Sequence[Material]:
        """As `JwksKeys.candidates`; these keys have no names, and the newest one stands first."""
        return self._by_algorithm[alg]

    def tick(self) -> None:
        """Nothing runs."""

    async def close(self) -> None:
        """Nothing runs."""


def secret_keys(secrets: Sequence[str]) -> StaticKeys:
    """The keys of HMAC secrets (`RINGLINE_JWT_SECRET`); raises `ValueError` when one is unfit."""
    return StaticKeys([_secret(secret.encode()) for secret in secrets])


def _secret(material: bytes) -> bytes:
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(material)
    except InvalidKeyError:
        raise ValueError(
            "RINGLINE_JWT_SECRET holds a key or certificate, not a secret; "
            "set a public key as RINGLINE_JWT_PUBLIC_KEY."
        ) from None
    return material


def public_keys(text: str) -> StaticKeys:
    """The keys of one PEM or several (`RINGLINE_JWT_PUBLIC_KEY`), of any mix of kinds.

    Raises:
        ValueError: one is unfit; the message says which and what to do.
    """
    pems = [found[0] for found in _PEM.finditer(text)]
    several = len(pems) > 1
    return StaticKeys(
        [_public(pem, f" (key {n} of {len(pems)})" * several) for n, pem in enumerate(pems, 1)]
    )


def _public(pem: str, which: str) -> Material:
    try:
        material = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(
            f"RINGLINE_JWT_PUBLIC_KEY does not parse{which}; "
            "set a PEM that begins with -----BEGIN PUBLIC KEY-----."
        ) from None
    if isinstance(material, RSAPublicKey) and material.key_size < SHORTEST_RSA:
        raise ValueError(
            f"RINGLINE_JWT_PUBLIC_KEY is an RSA key of {material.key_size} bits{which}; "
            f"set one of at least {SHORTEST_RSA}."
        )
    if not isinstance(material, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey) or (
        algorithm_of(material) is None
    ):
        raise ValueError(
            f"RINGLINE_JWT_PUBLIC_KEY is of a kind that is not supported{which}; "
            "set an RSA, a P-256 or an Ed25519 key."
        )
    return material
