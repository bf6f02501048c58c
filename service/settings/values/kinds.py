"""What lists, keys, secrets, sizes and regions must look like."""

import json
import re
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema

from service.settings.values.addresses import TurnUrl

T = TypeVar("T")

_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_PUBLIC_KEYS = re.compile(
    r"(?:-----BEGIN (?P<kind>(?:RSA )?PUBLIC KEY)-----\s[^-]+\s-----END (?P=kind)-----\s*)+"
)
_KEPT = re.compile(r"(?!=)[!#-&(-+\--\[\]-~]{1,255}")
"""A secret that every version of coturn can keep in its file and in its database.

At the start of a value in its file coturn strips a space, a `"` and a `=`; a `'` breaks the
database of 4.6.
"""
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VISIBLE = re.compile(r"[!-~]{1,512}")
_SIZE = re.compile(r"(\d{1,15})(?:(K|M|G)i(?:B)?)?")
_UNITS = {None: 1, "K": 2**10, "M": 2**20, "G": 2**30}
_SECRET_BYTES = 32  # RFC 7518, 3.2: an HS256 key is at least as long as the hash


def _split(value: object) -> object:
    """Comma separated text as a tuple, without the spaces around the commas."""
    if not isinstance(value, str):
        return value
    parts = tuple(part for part in map(str.strip, value.split(",")) if part)
    if not parts:
        raise ValueError("holds nothing but commas; name something, or leave it unset")
    return parts


def _public_keys(text: str) -> str:
    """PEM texts in a row; line breaks may be escaped, since many tools set values of one line."""
    pem = text.replace("\\n", "\n").strip()
    if "PRIVATE KEY" in pem:
        raise ValueError("holds a private key, which must not be here; set its public key")
    if not _PUBLIC_KEYS.fullmatch(pem):
        raise ValueError(
            'is not a public key, or several; set PEM text from "-----BEGIN PUBLIC KEY-----" on'
        )
    return pem


def _long_enough(secret: SecretStr) -> SecretStr:
    size = len(secret.get_secret_value().encode())
    if size < _SECRET_BYTES:
        raise ValueError(
            f"has {size} of the {_SECRET_BYTES} bytes that HS256 needs (a comma begins another "
            "secret); make one with `openssl rand -hex 32`"
        )
    return secret


def _kept_by_coturn(secret: SecretStr) -> SecretStr:
    if not _KEPT.fullmatch(secret.get_secret_value()):
        raise ValueError(
            "is a secret that coturn cannot keep; write up to 255 ASCII letters, digits and signs, "
            "without spaces, quotes and backslashes, nor = in front, "
            "or make one with `openssl rand -hex 32`"
        )
    return secret


def _account_id(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError("is not the id of an account or a key; write up to 64 letters and digits")
    return text


def _of_an_api(secret: SecretStr) -> SecretStr:
    """A token that fits into an HTTP header."""
    if not _VISIBLE.fullmatch(secret.get_secret_value()):
        raise ValueError("is not a token; write ASCII letters, digits and signs, without spaces")
    return secret


def _region_lists(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        lists = json.loads(value)
    except (ValueError, RecursionError):
        lists = None
    if not isinstance(lists, dict) or not all(map(_is_list_of_text, lists.values())):
        raise ValueError('is not a JSON object of lists; write {"eu": ["turn:eu.example.org"]}')
    return lists


def _is_list_of_text(urls: object) -> bool:
    return isinstance(urls, list) and bool(urls) and all(isinstance(url, str) for url in urls)


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError("is not a region's name; write up to 32 of a-z, 0-9 and -")
    return text


def _bytes(value: object) -> object:
    """A size as in Kubernetes: a number of bytes, or one with `Ki`, `Mi` or `Gi`."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise ValueError("is not a size; write a number of bytes, or one with Ki, Mi or Gi: 768Mi")
    return int(found[1]) * _UNITS[found[2]]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(_bytes), WithJsonSchema({"type": "string"})]
Many = Annotated[tuple[T, ...], BeforeValidator(_split)]
AnyCase = Annotated[T, BeforeValidator(_lower)]
PublicKeys = Annotated[str, AfterValidator(_public_keys)]
HmacSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
TurnSecret = Annotated[SecretStr, AfterValidator(_kept_by_coturn)]
AccountId = Annotated[str, AfterValidator(_account_id)]
ApiSecret = Annotated[SecretStr, AfterValidator(_of_an_api)]
Region = Annotated[str, AfterValidator(_region)]
Regions = Annotated[dict[Region, tuple[TurnUrl, ...]], BeforeValidator(_region_lists)]
