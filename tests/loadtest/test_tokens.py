"""The users' tokens are what a JWT library believes."""

import jwt
import pytest

from loadtest.tokens import token
from tests.support.service import SECRET


def test_a_token_names_its_user_for_an_hour():
    claims = jwt.decode(token("alice", SECRET, None, None), SECRET, algorithms=["HS256"])
    assert claims["sub"] == "alice"
    assert claims["exp"] - claims["iat"] == 3_600
    assert set(claims) == {"sub", "iat", "exp"}


def test_issuer_and_audience_are_named_where_they_are_wanted():
    said = token("alice", SECRET, "idp", "calls")
    claims = jwt.decode(said, SECRET, algorithms=["HS256"], issuer="idp", audience="calls")
    assert claims["iss"] == "idp"


def test_of_several_keys_issuers_and_audiences_the_first_counts():
    said = token("alice", f"{SECRET}, {'o' * 32}", "idp,old", "calls, phones")
    claims = jwt.decode(said, SECRET, algorithms=["HS256"], issuer="idp", audience="calls")
    assert claims["sub"] == "alice"


def test_another_key_does_not_believe_it():
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token("alice", SECRET, None, None), SECRET[::-1], algorithms=["HS256"])
