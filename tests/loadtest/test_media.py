"""What is sent has the size of the real thing, and carries the time it was sent."""

import time

import pytest

from loadtest import media
from loadtest.lobby import Lobby
from loadtest.plan import Plan


@pytest.mark.parametrize(
    ("call_type", "least", "most"), [("audio", 1_000, 4_000), ("video", 4_000, 12_000)]
)
def test_descriptions_are_of_real_size(call_type, least, most):
    body = media.description("offer", call_type)
    assert body["type"] == "offer"
    assert least < len(body["sdp"]) < most
    assert body["sdp"].startswith("v=0\r\n")


@pytest.mark.parametrize("key", ["offer", "answer"])
def test_a_description_tells_when_it_was_sent(key):
    before = time.perf_counter()
    sent = media.sent_at({key: media.description(key, "audio")})
    assert before - 1e-5 <= sent <= time.perf_counter()


def test_a_candidate_tells_when_it_was_sent():
    before = time.perf_counter()
    sent = media.sent_at({"candidate": media.candidate(0)})
    assert before - 1e-5 <= sent <= time.perf_counter()


def test_candidates_can_be_told_apart():
    foundations = {media.candidate(n)["candidate"].split()[0] for n in range(media.CANDIDATES)}
    assert len(foundations) == media.CANDIDATES


def test_a_user_is_taken_once():
    lobby = Lobby()
    lobby.enter("alice")
    assert lobby.take() == "alice"
    assert lobby.take() is None
    assert not lobby.leave("alice")
    lobby.enter("alice")
    assert lobby.leave("alice")
    assert lobby.take() is None


def test_a_plan_passes_through_metadata():
    plan = Plan.any()
    assert Plan.told(plan.metadata) == plan


def test_every_course_comes_up():
    assert {Plan.any().course for _ in range(500)} == {
        "answered", "rejected", "cancelled", "unanswered",
    }  # fmt: skip
