"""The tree of refusals: every code of the protocol once, each with its sentence and status."""

import pytest

from service import errors
from service.errors import RinglineError

CODES = {
    "unauthenticated": 401,
    "token_expired": 401,
    "forbidden": 403,
    "not_joined": 409,
    "too_many_sessions": 409,
    "session_replaced": 409,
    "invalid_payload": 400,
    "unknown_event": 404,
    "rate_limited": 429,
    "call_not_found": 404,
    "call_ended": 409,
    "invalid_state": 409,
    "not_participant": 403,
    "already_answered": 409,
    "already_in_call": 409,
    "user_unavailable": 404,
    "user_busy": 409,
    "server_draining": 503,
    "auth_unavailable": 503,
    "store_unavailable": 503,
    "turn_unavailable": 503,
    "internal": 500,
}
RETRYABLE = {
    "rate_limited",
    "server_draining",
    "auth_unavailable",
    "store_unavailable",
    "turn_unavailable",
    "internal",
}
# Others derive from these in modules of their own; the tree itself stands in one module.
TREE = [kind for kind in RinglineError.__subclasses__() if kind.__module__ == errors.__name__]


def camel(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))


def test_the_codes_are_the_protocols():
    assert {kind.code: kind.status for kind in TREE} == CODES
    assert len(TREE) == len(CODES)


@pytest.mark.parametrize("kind", TREE)
def test_a_class_is_called_as_its_code(kind):
    assert kind.__name__ == camel(kind.code)


@pytest.mark.parametrize("kind", TREE)
def test_the_drawing_of_the_tree_shows_it(kind):
    assert kind.__name__ in (errors.__doc__ or "").replace("·", " ").split()


@pytest.mark.parametrize("kind", TREE)
def test_only_what_mends_itself_is_worth_a_retry(kind):
    assert kind.retryable is (kind.code in RETRYABLE)


@pytest.mark.parametrize("kind", TREE)
def test_the_default_is_a_sentence(kind):
    assert kind.default[0].isupper()
    assert kind.default.endswith(".")
    assert kind().message == str(kind()) == kind.default


@pytest.mark.parametrize("kind", TREE)
def test_a_message_of_its_own_replaces_the_default(kind):
    error = kind("The door is shut.", retry_after_ms=250)
    assert (error.message, str(error), error.retry_after_ms) == (
        "The door is shut.",
        "The door is shut.",
        250,
    )
    assert kind().retry_after_ms is None
