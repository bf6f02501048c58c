"""Whose token it is: JSON Web Tokens (RFC 7519), verified as RFC 8725 advises.

Every refusal is a sentence that says what is wrong with the token and quotes neither it nor a key.
"""

import time
from typing import Any, Final

from jwt import PyJWT
from jwt import exceptions as refused
from jwt.algorithms import HMACAlgorithm
from jwt.types import Options
from jwt.utils import force_bytes

from service.auth.claims import identity
from service.auth.header import NOT_A_JWT, read_header
from service.auth.jwks import JwksKeys
from service.auth.keys import BadSignature
from service.auth.static import StaticKeys
from service.errors import TokenExpired, Unauthenticated
from service.ports import Identity
from service.settings import Settings

LONGEST_TOKEN = 8 * 1024  # bytes

_SENTENCES: Final[dict[type[refused.PyJWTError], str]] = {
    refused.DecodeError: NOT_A_JWT,
    refused.InvalidAudienceError: "The token's audience is not the one this service expects.",
    refused.InvalidIssuerError: "The token's issuer is not the one this service expects.",
    refused.InvalidSubjectError: "The token's sub is not a string (RFC 7519, 4.1.2).",
    refused.InvalidJTIError: "The token's jti is not a string.",
}


class _CheckedHS256(HMACAlgorithm):
    """HS256 with a secret that is known to be fit (`static.secret_keys`).

    pyjwt looks at each use whether it is a key in disguise, which takes longer than all else that
    it does for a token.
    """

    prepare_key = staticmethod(force_bytes)  # type: ignore[assignment]  # a method there


class _Tokens(PyJWT):
    """pyjwt with that HS256.

    Leaned on, pinned to a minor version, and held by tests/auth/test_contract.py: `_jws`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._jws.unregister_algorithm("HS256")
        self._jws.register_algorithm("HS256", _CheckedHS256(HMACAlgorithm.SHA256))


class TokenVerifier:
    """A `ports.Verifier` for HS256, RS256, ES256 and EdDSA.

    Args:
        keys: where the verifying keys come from.
        settings: of which `jwt_issuer`, `jwt_audience`, `jwt_leeway` and `jwt_max_lifetime` count.
    """

    def __init__(self, keys: StaticKeys | JwksKeys, settings: Settings) -> None:
        self._tokens = _Tokens()
        self._keys = keys
        self._settings = settings
        self._options: Options = {
            "require": ["exp", "iat", "sub"],
            "verify_aud": bool(settings.jwt_audience),
            "verify_iss": bool(settings.jwt_issuer),
            "verify_iat": False,  # `identity` looks at these two: too early may be for now only
            "verify_nbf": False,
        }

    @property
    def trouble(self) -> str | None:
        """Why no token can be verified yet, in a sentence; None where some can."""
        return self._keys.trouble

    async def tick(self) -> None:
        """Do what is due in the background."""
        self._keys.tick()

    @property
    def rotates(self) -> bool:
        """Whether its keys are set, rather than fetched: such ones can be replaced."""
        return isinstance(self._keys, StaticKeys)

    def rotate(self, keys: StaticKeys) -> bool:
        """Verify with these from now on; whether they are others."""
        changed, self._keys = keys != self._keys, keys
        return changed

    async def verify(self, token: str, sender: str = "") -> Identity:
        """Whose token it is; waits only where a key has to be fetched.

        Args:
            token: a JWS in its compact form (RFC 7515, 7.1).
            sender: the address that it came from.

        Raises:
            BadSignature: it was forged, as far as one can tell.
            TokenExpired: it was good once.
            Unauthenticated: anything else is wrong with it.
            AuthUnavailable: the key cannot be had now, or the token begins in a few minutes.
        """
        if len(token) > LONGEST_TOKEN:
            raise Unauthenticated(f"The token is longer than {LONGEST_TOKEN} bytes.")
        if not token.isascii():
            raise Unauthenticated(NOT_A_JWT)
        alg, kid = read_header(token, self._keys.algorithms)
        for key in await self._keys.candidates(kid, alg, sender):
            claims = self._signed_with(key, token, alg)
            if claims is not None:
                return identity(claims, self._settings, int(time.time()))
        raise BadSignature

    async def close(self) -> None:
        """End what fetches keys in the background."""
        await self._keys.close()

    def _signed_with(self, key: Any, token: str, alg: str) -> dict[str, Any] | None:
        """What the token says; None when it is not this key that signed it."""
        try:
            return self._tokens.decode(
                token,
                key,
                algorithms=[alg],
                options=self._options,
                audience=self._settings.jwt_audience,
                issuer=self._settings.jwt_issuer,
                leeway=self._settings.jwt_leeway,
            )
        except refused.InvalidSignatureError:
            return None
        except refused.ExpiredSignatureError:
            raise TokenExpired from None
        except refused.MissingRequiredClaimError as missing:
            raise Unauthenticated(f"The token has no {missing.claim}.") from None
        except refused.PyJWTError as refusal:
            sentence = _SENTENCES.get(type(refusal), "The token's claims are not well-formed.")
            raise Unauthenticated(sentence) from None
