"""Whose token it is: JSON Web Tokens (RFC 7519), verified as RFC 8725 advises.

Every refusal is a sentence that says what is wrong with the token and quotes neither it nor a key.
"""

from typing import Any, Final

from jwt import PyJWT
from jwt import exceptions as refused
from jwt.algorithms import HMACAlgorithm
from jwt.types import Options
from jwt.utils import force_bytes

from service.auth.claims import identity
from service.auth.header import NOT_A_JWT, read_header
from service.auth.keys import BadSignature, KeySource
from service.errors import TokenExpired, Unauthenticated
from service.ports import Identity

LONGEST_TOKEN = 8 * 1024  # bytes

_SENTENCES: Final[dict[type[refused.PyJWTError], str]] = {
    refused.DecodeError: NOT_A_JWT,
    refused.ImmatureSignatureError: "The token is not valid yet (iat or nbf); compare the clocks.",
    refused.InvalidAudienceError: "The token's audience is not the one this service expects.",
    refused.InvalidIssuerError: "The token's issuer is not the one this service expects.",
    refused.InvalidSubjectError: "The token's sub is not a string.",
    refused.InvalidJTIError: "The token's jti is not a string.",
}


class _LookedAt(HMACAlgorithm):
    """HS256 with a secret that is known to be fit (`keys.secret_key`).

    pyjwt looks at each use whether it is a key in disguise, which takes longer than all else that
    it does for a token.
    """

    def prepare_key(self, key: str | bytes) -> bytes:
        """The secret as it is."""
        return force_bytes(key)


class _Tokens(PyJWT):
    """pyjwt with that one of ours.

    Leaned on, pinned to a minor version, and held by tests/auth/test_contract.py: `_jws`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._jws.unregister_algorithm("HS256")
        self._jws.register_algorithm("HS256", _LookedAt(HMACAlgorithm.SHA256))


class TokenVerifier:
    """A `ports.Verifier` for HS256, RS256, ES256 and EdDSA.

    Args:
        keys: where the verifying key comes from.
        algorithms: those a token's header may name.
        issuer: what `iss` must be; None asks for nothing.
        audience: what `aud` must be or hold; None asks for nothing.
        leeway_s: how far clocks may differ.
        max_lifetime_s: the most that may lie between `iat` and `exp`.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        algorithms: frozenset[str],
        issuer: str | None,
        audience: str | None,
        leeway_s: int,
        max_lifetime_s: int,
    ) -> None:
        self._tokens = _Tokens()
        self._keys = keys
        self._algorithms = algorithms
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._max_lifetime_s = max_lifetime_s
        self._options: Options = {
            "require": ["exp", "iat", "sub"],
            "verify_aud": audience is not None,
            "verify_iss": issuer is not None,
        }

    async def verify(self, token: str, sender: str = "") -> Identity:  # noqa: ARG002
        """Whose token it is; waits only where a key has to be fetched.

        Raises:
            BadSignature: it was forged, as far as one can tell.
            TokenExpired: it was good once.
            Unauthenticated: anything else is wrong with it.
            AuthUnavailable: the keys cannot be had now.
        """
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated(f"The token is longer than {LONGEST_TOKEN} bytes.")
        if not token.isascii():
            raise Unauthenticated(NOT_A_JWT)
        header = read_header(token, self._algorithms)
        key = await self._keys.key(header.kid, header.alg)
        claims = self._claims(token, key, header.alg)
        return identity(claims, self._max_lifetime_s, self._leeway_s)

    async def close(self) -> None:
        """End what fetches keys in the background."""
        await self._keys.close()

    def _claims(self, token: str, key: Any, alg: str) -> dict[str, Any]:
        try:
            return self._tokens.decode(
                token,
                key,
                algorithms=[alg],
                options=self._options,
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway_s,
            )
        except refused.InvalidSignatureError:
            raise BadSignature from None
        except refused.ExpiredSignatureError:
            raise TokenExpired from None
        except refused.MissingRequiredClaimError as missing:
            raise Unauthenticated(f"The token has no {missing.claim}.") from None
        except refused.PyJWTError as refusal:
            sentence = _SENTENCES.get(type(refusal), "The token's claims are not well-formed.")
            raise Unauthenticated(sentence) from None
