from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.turn.credentials import passes_coturn, password, pseudonym, username

secrets = st.binary(min_size=1, max_size=100)
users = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128).filter(
    lambda user: len(user.encode()) <= 256
)
expiries = st.integers(min_value=0, max_value=2**40)


def test_the_mac_is_the_published_one():
    # RFC 2202, test cases 1 and 2 for HMAC-SHA1.
    assert b64decode(password(b"\x0b" * 20, "Hi There")).hex() == (
        "b617318655057264e28bc0b6fb378c8ef146be00"
    )
    assert b64decode(password(b"Jefe", "what do ya want for nothing?")).hex() == (
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    )


def test_the_password_is_what_coturns_own_recipe_gives():
    # printf %s 1433895918:alice | openssl dgst -sha1 -hmac north -binary | base64
    assert password(b"north", "1433895918:alice") == "RqMvcGPYTJMGThVLSi4amT4zFtI="


def test_the_username_is_the_expiry_and_the_name():
    assert username("alice", 1433895918) == "1433895918:alice"


@given(secrets, users, expiries)
def test_the_username_names_expiry_and_user_whatever_the_user_is_called(secret, user, expires):
    until, name = username(user, expires).split(":", 1)
    assert (int(until), name) == (expires, user)
    assert len(b64decode(password(secret, username(user, expires)), validate=True)) == 20


@given(secrets, users, users, expiries)
def test_two_users_share_no_password(secret, one, other, expires):
    same = password(secret, username(one, expires)) == password(secret, username(other, expires))
    assert same == (one == other)


@given(secrets, users, expiries, st.integers(min_value=1, max_value=10**6))
def test_a_later_expiry_needs_another_password(secret, user, expires, later):
    assert password(secret, username(user, expires)) != password(
        secret, username(user, expires + later)
    )


@given(secrets, users, users)
def test_a_pseudonym_is_stable_and_one_users_own(secret, one, other):
    assert pseudonym(secret, one) == pseudonym(secret, one)
    assert (pseudonym(secret, one) == pseudonym(secret, other)) == (one == other)


@given(users)
def test_a_pseudonym_hangs_on_the_secret_and_always_passes(user):
    assert pseudonym(b"one", user) != pseudonym(b"other", user)
    assert len(pseudonym(b"one", user)) == 32
    assert passes_coturn(pseudonym(b"one", user))


@pytest.mark.parametrize(
    "user", ["a b", "a\tb", "o'neill", 'a"b', "a\\b", "a\nb", "a\rb", "UNIONized selection"]
)
def test_names_that_coturn_drops_are_known(user):
    assert not passes_coturn(user)


@pytest.mark.parametrize("user", ["alice", "union", "select", "a:b", "-1", "%s", "жаба", "😀" * 64])
def test_other_names_pass(user):
    assert passes_coturn(user)
