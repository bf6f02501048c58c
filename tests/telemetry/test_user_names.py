"""How users are named in logs and traces."""

import re

from service.telemetry.user_names import UserNames


def test_plain_is_the_id():
    assert UserNames("plain", b"key")("alice") == "alice"


def test_none_is_nothing():
    assert UserNames("none", b"key")("alice") is None


def test_hmac_is_a_pseudonym_that_hangs_on_the_key():
    names = UserNames("hmac", b"key")
    # echo -n alice | openssl dgst -sha256 -hmac key
    assert names("alice") == "76fb55e929c06b97"
    assert names("alice") == UserNames("hmac", b"key")("alice")
    assert names("alice") != names("bob")
    assert names("alice") != UserNames("hmac", b"other")("alice")
    assert re.fullmatch("[0-9a-f]{16}", names("é" * 128) or "")
