# ruff: noqa: RUF001 - what looks alike is the matter here
"""Which ids are fit: what shows is, in any script; what does not show is not, anywhere."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire import legible

FILLERS = [
    *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc\ufffd",
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
]
"""Letters, marks and symbols that show as nothing."""
ORDINARY = [
    "alice", "7", "-7", "a b", "CN=Ada Lovelace,OU=Engines", "ada@example.org", "ada+1@example.org",
    "auth0|5f7c8ec7c33c6c004bbafe82", "arn:aws:iam::123456789012:user/ada", "tenant/7", "..",
    "3f333df6-90a4-4fda-8dd3-9485d27cee36", "%00", "<b>", "日本語", "Ольга", "مريم", "שרה", "สมชาย",
    "\u0915\u094d\u0937", "zoe\u0308", "ö", "😀", "👍🏽", "🇪🇺", "İ", "ﬁ",
]  # fmt: skip
HIDDEN = [
    "\0", "\t", "\n", "\x1b", "\x7f", "\x80", "\x85", "\x9b", "\u00a0", "\u00ad", "\u0600",
    "\u061c", "\u2003", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029",
    "\u202e", "\u2060", "\u2066", "\u3000", "\ufeff", "\ud800", "\ue000", "\uffff", "\U000e0001",
    *FILLERS,
]  # fmt: skip
shown = st.characters(categories=["L", "M", "N", "P", "S"], exclude_characters="".join(FILLERS))
hidden = st.one_of(
    st.characters(categories=["C", "Zl", "Zp", "Zs"], exclude_characters=" "),
    st.sampled_from(FILLERS),
)


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_id_is_fit(name: str):
    assert legible.fault(name) is None


@pytest.mark.parametrize("char", HIDDEN, ids=lambda char: f"U+{ord(char):04X}")
def test_what_does_not_show_is_named(char: str):
    for name in (char, f"{char}alice", f"al{char}ice", f"alice{char}", f"Ольга{char}"):
        assert legible.fault(name) == f"holds U+{ord(char):04X}, which is no visible character"


@pytest.mark.parametrize("name", [" ", "   ", " alice", "alice ", " alice ", "Ольга "])
def test_spaces_stand_between_other_characters(name: str):
    assert legible.fault(name) == "begins or ends with a space"


@given(st.lists(st.text(shown, min_size=1), min_size=1))
def test_whatever_shows_is_fit(words: list[str]):
    assert legible.fault(" ".join(words)) is None


@given(st.text(shown), hidden, st.text(shown))
def test_whatever_does_not_show_is_refused(before: str, char: str, behind: str):
    assert legible.fault(before + char + behind), unicodedata.name(char, "?")


@pytest.mark.parametrize("name", ["Ada", "علی\u200cرضا", "Zoë ❤️", "שרה\u200f!"])
def test_a_person_s_name_may_hold_joiners_and_marks_of_direction(name: str):
    assert legible.in_one_line(name)


@pytest.mark.parametrize("char", "\n\r\t\0\x1b\x7f\x85\x9b\u2028\u2029\u202a\u202e\u2066\u2069")
def test_a_person_s_name_stays_in_its_line(char: str):
    assert not legible.in_one_line(f"Ada{char}Lovelace")
