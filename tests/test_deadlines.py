"""Deadlines come up once, in order, and leave nothing behind, whatever was moved or cancelled."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from service.deadlines import Deadlines


def test_what_is_due_comes_earliest_first():
    deadlines: Deadlines[str] = Deadlines()
    for key, at in [("c", 30), ("a", 10), ("b", 20), ("later", 31)]:
        deadlines.set(key, at)
    assert list(deadlines.pop_due(30)) == ["a", "b", "c"]
    assert len(deadlines) == 1


def test_a_deadline_is_due_at_its_millisecond_and_not_before():
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    assert list(deadlines.pop_due(9)) == []
    assert list(deadlines.pop_due(10)) == ["a"]


def test_what_came_up_does_not_come_up_again():
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    assert list(deadlines.pop_due(10)) == ["a"]
    assert list(deadlines.pop_due(10**15)) == []


def test_a_moved_deadline_counts_as_moved():
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("later", 10)
    deadlines.set("later", 50)
    deadlines.set("sooner", 50)
    deadlines.set("sooner", 10)
    assert list(deadlines.pop_due(10)) == ["sooner"]
    assert list(deadlines.pop_due(50)) == ["later"]


def test_a_deadline_moved_away_and_back_comes_up_once():
    deadlines: Deadlines[str] = Deadlines()
    for at in (10, 20, 10):
        deadlines.set("a", at)
    assert list(deadlines.pop_due(30)) == ["a"]


def test_a_cancelled_deadline_never_comes_up():
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    deadlines.set("a", None)
    deadlines.set("never set", None)
    assert len(deadlines) == 0
    assert list(deadlines.pop_due(10**15)) == []


def test_keys_need_no_order():
    deadlines: Deadlines[object] = Deadlines()
    for key in (object(), "text", 7, (1, "x"), None):
        deadlines.set(key, 10)
    assert len(list(deadlines.pop_due(10))) == 5


def test_a_deadline_may_be_set_anew_while_what_is_due_is_taken():
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    deadlines.set("b", 11)
    for key in deadlines.pop_due(20):
        deadlines.set(key, 30)
    assert list(deadlines.pop_due(30)) == ["a", "b"]


def test_what_is_not_taken_stays_due():
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    deadlines.set("b", 11)
    assert next(iter(deadlines.pop_due(20))) == "a"
    assert list(deadlines.pop_due(20)) == ["b"]


def test_leftovers_of_moving_never_outgrow_what_is_live():
    deadlines: Deadlines[int] = Deadlines()
    for at in range(10_000):
        deadlines.set(at % 10, at)
        assert len(deadlines._heap) <= 2 * len(deadlines) + 64
    assert list(deadlines.pop_due(10_000)) == [at % 10 for at in range(9_990, 10_000)]
    assert deadlines._heap == []


def test_leftovers_of_cancelling_go_too():
    deadlines: Deadlines[int] = Deadlines()
    for key in range(1_000):
        deadlines.set(key, 10**9)
        deadlines.set(key, None)
    assert len(deadlines) == 0
    assert len(deadlines._heap) <= 64


keys = st.integers(0, 5)


class Model(RuleBasedStateMachine):
    """The same as a plain dictionary that is looked through."""

    def __init__(self) -> None:
        super().__init__()
        self.deadlines: Deadlines[int] = Deadlines()
        self.model: dict[int, int] = {}

    @rule(key=keys, at=st.none() | st.integers(0, 50))
    def put(self, key, at):
        self.deadlines.set(key, at)
        if at is None:
            self.model.pop(key, None)
        else:
            self.model[key] = at

    @rule(key=keys, times=st.integers(30, 80))
    def move_often(self, key, times):
        for at in range(times):
            self.put(key, at)

    @rule(now=st.integers(0, 60))
    def take(self, now):
        due = list(self.deadlines.pop_due(now))
        assert sorted(due) == sorted(key for key, at in self.model.items() if at <= now)
        times = [self.model.pop(key) for key in due]
        assert times == sorted(times)

    @invariant()
    def as_many_as_in_the_model(self):
        assert len(self.deadlines) == len(self.model)
        assert len(self.deadlines._heap) <= 2 * 6 + 64 + len(self.model)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=150)


@given(st.dictionaries(st.integers(), st.integers(0, 10**6), max_size=300), st.data())
def test_all_of_many_come_up_in_order_in_any_number_of_steps(planned, data):
    deadlines: Deadlines[int] = Deadlines()
    for key, at in planned.items():
        deadlines.set(key, at)
    came: list[int] = []
    for now in sorted(data.draw(st.lists(st.integers(0, 10**6), max_size=5))):
        came += deadlines.pop_due(now)
        assert all(planned[key] <= now for key in came)
    came += deadlines.pop_due(10**6)
    assert sorted(came) == sorted(planned)
    assert [planned[key] for key in came] == sorted(planned.values())
