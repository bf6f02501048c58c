"""Ids: of the promised form, safe in a URL, and never the same twice."""

import re
from base64 import urlsafe_b64encode
from uuid import RFC_4122, UUID

import pytest

from service import ids


@pytest.mark.parametrize(("new", "form"), [
    (ids.call_id, r"c_[A-Za-z0-9_-]{22}"),
    (ids.session_id, r"s_[A-Za-z0-9_-]{22}"),
])  # fmt: skip
def test_an_id_has_its_form_and_is_not_given_twice(new, form):
    given = {new() for _ in range(1_000)}
    assert len(given) == 1_000
    assert all(re.fullmatch(form, one) for one in given)


@pytest.mark.parametrize("position", [2, 8, 20])
def test_no_character_of_an_id_stands_still(position):
    assert len({ids.call_id()[position] for _ in range(300)}) > 30


def test_a_call_s_id_is_a_uuid_of_version_4_and_tells_it():
    for call_id in {ids.call_id() for _ in range(300)}:
        uuid = UUID(told := ids.uuid_of(call_id))
        assert (str(uuid), uuid.version, uuid.variant) == (told, 4, RFC_4122)
        assert f"c_{urlsafe_b64encode(uuid.bytes).decode()}" == f"{call_id}=="


def test_the_uuid_of_an_id():
    told = "5f0ea1b4-7d3c-4e86-9b2f-1ca8d90372e5"
    assert ids.uuid_of("c_Xw6htH08ToabLxyo2QNy5Q") == told
