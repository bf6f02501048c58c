"""Ids: of the promised form, safe in a URL, and never the same twice."""

import re

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
