"""The boards as files: what the script makes, whole, readable, and the same each time."""

import re
from itertools import combinations

import pytest

from deploy import build
from deploy.dashboards.build import BOARDS
from tests.observability.boards import Question, boards, panels, questions

pytestmark = pytest.mark.e2e

NAMES = sorted(boards())
VARIABLES = ["datasource", "namespace", "job", "pod"]
FEWEST_WORDS = 8
COLUMNS = 24


def test_the_script_makes_the_same_each_time():
    assert build.files() == build.files()


def test_there_are_the_six_boards():
    assert {name: board["title"] for name, board in boards().items()} == {
        "calls": "Ringline / Calls",
        "connections": "Ringline / Connections",
        "nodes": "Ringline / Nodes",
        "abuse": "Ringline / Auth and abuse",
        "turn": "Ringline / TURN",
        "runtime": "Ringline / Runtime",
    }
    assert len({board["uid"] for board in boards().values()}) == len(BOARDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_board_asks_the_source_and_the_nodes_that_are_chosen(name: str):
    board = boards()[name]
    assert [variable["name"] for variable in board["templating"]["list"]] == VARIABLES
    sources = {panel["datasource"]["uid"] for panel in panels(board)}
    assert sources == {"${datasource}"}


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows_and_what_a_bad_value_means(name: str):
    for panel in panels(boards()[name]):
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert len(panel["description"].split()) >= FEWEST_WORDS, panel["title"]
        # What is seen, then what it means when it is bad: two sentences at least.
        assert len(re.findall(r"[.;:](?:\s|$)", panel["description"])) > 1, panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_panels_lie_beside_each_other(name: str):
    places = [panel["gridPos"] for panel in boards()[name]["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_filled_to_the_edge(name: str):
    widths: dict[int, int] = {}
    for panel in boards()[name]["panels"]:
        at = panel["gridPos"]["y"]
        widths[at] = widths.get(at, 0) + panel["gridPos"]["w"]
    assert set(widths.values()) == {COLUMNS}


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_ids_of_their_own(name: str):
    ids = [panel["id"] for panel in boards()[name]["panels"]]
    assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("question", questions(), ids=str)
def test_a_question_leaves_the_window_to_grafana(question: Question):
    windows = set(re.findall(r"\[([^\]]+)\]", question.expr))
    assert windows <= {"$__rate_interval", "$__range"}


@pytest.mark.parametrize("question", questions(), ids=str)
def test_a_legend_names_labels_that_the_answer_has(question: Question):
    wanted = set(re.findall(r"{{(\w+)}}", question.legend))
    kept = {
        label.strip()
        for labels in re.findall(r"by \(([^)]*)\)", question.expr)
        for label in labels.split(",")
    }
    assert wanted <= kept


def test_no_user_call_or_session_is_in_a_question():
    text = " ".join(question.expr for question in questions())
    assert not re.search(r"\b(user|call_id|session|device|ip)\b\s*(=|,|\))", text)


def test_panels_on_turns_traffic_say_that_it_is_of_finished_sessions():
    traffic = [
        panel
        for panel in panels(boards()["turn"])
        if any("_traffic_" in target["expr"] for target in panel["targets"])
    ]
    assert traffic
    for panel in traffic:
        assert "finished sessions" in panel["title"]
        assert "when a session ends" in panel["description"]
