"""How long and how many: the last size that passes and the first that does not."""

import json

import pytest

from tests.wire.saying import CONTROL, GOOD, raw, refused, refused_field, said

USER_FIELDS = [("user:join", "userId"), ("call:initiate", "to"), ("user:status", "userId")]
CALL_FIELDS = [
    (event, "callId")
    for event in GOOD
    if event.startswith(("call:", "ice:")) and event != "call:initiate"
]
LENGTHS = [
    *((event, field, 128) for event, field in USER_FIELDS),
    ("call:offer", "to", 128),
    ("user:join", "deviceId", 128),
    ("auth:refresh", "token", 8192),
    *((event, field, 64) for event, field in CALL_FIELDS),
    *((event, "requestId", 64) for event in CONTROL),
]


@pytest.mark.parametrize(("event", "field", "most"), LENGTHS)
@pytest.mark.parametrize("letter", ["x", "é", "😀"], ids=["ascii", "two bytes", "four bytes"])
def test_a_name_may_have_so_many_characters_and_no_more(event, field, most, letter):
    assert said(event, **{field: letter * most}).event == event
    assert refused_field(event, **{field: letter * (most + 1)}) == (
        f"{event}: {field}: Expected `str` of length <= {most}."
    )


@pytest.mark.parametrize(("event", "field", "most"), LENGTHS)
def test_a_name_is_never_empty(event, field, most):
    assert refused_field(event, **{field: ""}) == (
        f"{event}: {field}: Expected `str` of length >= 1."
    )


@pytest.mark.parametrize("event", ["user:watch", "user:unwatch"])
def test_500_users_may_be_watched_and_501_may_not(event):
    users = [f"user-{i}" for i in range(501)]
    assert said(event, userIds=users[:500]).event == event
    assert said(event, userIds=[]).event == event
    assert refused_field(event, userIds=users) == (
        f"{event}: userIds: Expected `array` of length <= 500."
    )


@pytest.mark.parametrize("wrong", ["", "x" * 129, 7.5, None])
def test_the_user_of_many_that_is_wrong_is_named(wrong):
    refusal = refused_field("user:watch", userIds=["bob", "carol", wrong])
    assert refusal.startswith("user:watch: userIds[2]: Expected ")


def test_32_candidates_go_together_and_33_or_none_do_not():
    def many(count: int) -> str:
        return json.dumps({"candidates": [{}] * count})

    assert raw("ice:candidate", many(1)).event == raw("ice:candidate", many(32)).event
    for count in (33, 0):
        assert refused("ice:candidate", many(count)).startswith(
            "ice:candidate: candidates: Expected `array` of length "
        )


@pytest.mark.parametrize("features", [["x" * 33], ["x"] * 17])
def test_features_are_few_and_short(features):
    assert said("user:join", features=[f[:32] for f in features[:16]]).event == "user:join"
    assert refused_field("user:join", features=features).startswith("user:join: features")


@pytest.mark.parametrize(
    ("event", "field"), [("call:initiate", "metadata"), ("call:signal", "data")]
)
@pytest.mark.parametrize("letter", ["x", "é"], ids=["ascii", "two bytes"])
def test_a_small_payload_holds_4_kib_of_json_and_not_a_byte_more(event, field, letter):
    def payload(size: int) -> str:
        """A message whose payload is a JSON string of `size` bytes of UTF-8, quotes and all."""
        inside = size - 2
        width = len(letter.encode())
        text = letter * (inside // width) + "x" * (inside % width)
        others = {name: value for name, value in GOOD[event].items() if name != field}
        return json.dumps({**others, field: text}, ensure_ascii=False)

    for size in (4095, 4096):
        assert raw(event, payload(size)).event == event
    assert refused(event, payload(4097)) == f"{event}: {field}: Expected at most 4096 bytes."


@pytest.mark.parametrize(
    ("statistic", "good", "bad"),
    [
        ("rttMs", [0, 600_000], [-1, 600_001, 1e300]),
        ("jitterMs", [0, 0.5], [-0.1, 600_001]),
        ("lossRatio", [0, 1], [-0.01, 1.01]),
        ("codec", ["", "x" * 64], ["x" * 65]),
        ("path", ["direct", "relay"], ["direkt", ""]),
    ],
)
def test_statistics_are_bounded(statistic, good, bad):
    for value in good:
        assert said("call:media", stats={statistic: value}).event == "call:media"
    for value in bad:
        assert f"stats.{statistic}: " in refused_field("call:media", stats={statistic: value})


@pytest.mark.parametrize("event", ["call:offer", "call:answer"])
def test_a_description_may_be_large(event):
    """Its bound is the message's own (64 KiB), which the transport keeps."""
    field = event.removeprefix("call:")
    large = {"type": field, "sdp": "a=x\r\n" * 10_000}
    assert said(event, **{field: large}).event == event
