"""What is kept of each animal's state is what its looks come to one after the other, whenever they are done again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from storage.alerting.findings import Finding, Subject, add
from storage.animals import animal_states
from storage.engine.database import scoped_to, see_farms
from storage.herds import herd
from stream.behaviour import looks
from stream.behaviour.alerting import Limits, watch
from stream.behaviour.courses import keep_courses
from stream.behaviour.habit_look import HabitLook
from stream.behaviour.levels import Levels
from stream.behaviour.standing_alerts import Look
from stream.behaviour.states import followed

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEVELS = Levels(look_now=4.0, watch=3.0)
ILL, WATCHED, CALM, NOTHING = 5.0, 3.5, 1.0, float("nan")


class Barn:
    """A farm of three goats, of which each look shows a score."""

    def __init__(self, engine):
        self.engine = engine
        with engine.begin() as connection:
            self.farm = herd.ensure_farm(connection, "barn")
            self.group = herd.ensure_group(connection, self.farm, "dairy")
            self.animals = [herd.ensure_animal(connection, self.farm, name) for name in ("Brune", "Noire", "Rousse")]
            for animal in self.animals[:2]:
                herd.move(connection, animal, self.group)

    def look(self, hour, scores, *, animals=None, days=28, hours=10.0):
        animals = self.animals[: len(scores)] if animals is None else animals
        shape = (len(animals), 5)
        found = looks.Look(
            np.array(scores, dtype=float),
            np.zeros((len(animals), 4)),
            np.full(shape, hours),
            np.full(shape, 9.0),
            np.full(shape, 12.0),
            np.full(len(animals), days),
            1.0,
        )
        with scoped_to(self.engine, [self.farm]) as connection:
            keep_courses(Look(connection, self.farm, NOON + hour * HOUR, []), HabitLook(animals, found, LEVELS))

    def now(self):
        with scoped_to(self.engine, [self.farm]) as connection:
            return animal_states.last_states(connection, self.farm)

    def said(self, **which):
        with scoped_to(self.engine, [self.farm]) as connection:
            return animal_states.states_of(connection, self.farm, **which)

    def rows(self):
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT * FROM animal_state ORDER BY animal_id, since")).all()


@pytest.fixture
def barn(engine):
    return Barn(engine)


@settings(max_examples=15)
@given(
    runs=st.lists(
        st.tuples(st.sampled_from([ILL, WATCHED, CALM, NOTHING]), st.sampled_from([1, 2, 13, 26])), max_size=4
    ),
    again=st.integers(0, 50),
)
def test_a_kept_course_is_that_of_its_looks_also_where_some_are_done_again(barn, runs, again):
    with barn.engine.begin() as connection:
        connection.execute(text("TRUNCATE animal_state"))
    scores = [score for score, times in runs for _ in range(times)]
    course, begun = None, []
    for hour, score in enumerate(scores):
        at = int((NOON + hour * HOUR).timestamp())
        course = followed(course, at, score / LEVELS.look_now, Levels(1.0, LEVELS.watch / LEVELS.look_now), days=28)
        begun += [(course.since, course.state)] if (course.since, course.state) not in begun else []
        barn.look(hour, [score])
        if again % 7 == hour % 7:
            barn.look(max(0, hour - again), [ILL])  # as a job that was swept and done again

    kept = [(int(row.since.timestamp()), row.state) for row in barn.rows()]
    assert kept == [(since, state.value) for since, state in begun]
    if course is not None:
        last = barn.now()[barn.animals[0]]
        assert last.looked_at == NOON + (len(scores) - 1) * HOUR
        assert last.peak == pytest.approx(course.peak)


def test_what_was_seen_and_what_is_usual_is_kept_with_the_state(barn):
    barn.look(0, [CALM, ILL], hours=8.0)

    worst, other = barn.said()

    assert (worst.animal, worst.group, worst.state.state, worst.state.since) == ("Noire", "dairy", "look_now", NOON)
    assert worst.state.score == pytest.approx(ILL / LEVELS.look_now)
    assert worst.state.standing_h == (8.0, 9.0, 12.0)
    assert (other.animal, other.state.state) == ("Brune", "normal")
    assert [one.animal for one in barn.said(animal_id=barn.animals[0])] == ["Brune"]
    assert barn.said(group_id=barn.group + 1) == []


def test_an_urgent_alert_stands_before_any_state(barn):
    barn.look(0, [ILL, WATCHED, CALM])
    still = Finding(
        subject=Subject(animal_id=barn.animals[2]),
        since=NOON,
        opened_at=NOON,
        last_evidence_at=NOON,
        until=None,
        ended_by="",
        severity="critical",
        evidence={},
        expected={},
        causes=[],
    )
    with scoped_to(barn.engine, [barn.farm]) as connection:
        add(connection, barn.farm, "motionless", still)

    assert [(one.animal, one.alerts) for one in barn.said()] == [
        ("Rousse", ("motionless",)),
        ("Brune", ()),
        ("Noire", ()),
    ]


def test_of_one_that_wears_no_collar_any_longer_nothing_is_said_after_a_day(barn):
    barn.look(0, [ILL, CALM])
    for hour in (1, 23, 24, 25):
        barn.look(hour, [CALM], animals=barn.animals[1:2])
        state = barn.now()[barn.animals[0]]
        assert (state.state, state.reason) == (("look_now", "") if hour < 24 else ("none", "not enough heard"))
    assert state.since == NOON + 24 * HOUR


def test_a_look_at_a_farm_keeps_what_is_said_of_those_who_wear_collars_and_between_hours_nothing(barn):
    with barn.engine.begin() as connection:
        collar = herd._ensure(connection, "collar", barn.farm, "tag")
        herd.assign(connection, collar, barn.animals[0])
    limits = Limits(timedelta(minutes=30), 3.5)
    watch(barn.engine, barn.farm, NOON + HOUR / 4, limits)
    assert barn.now() == {}

    watch(barn.engine, barn.farm, NOON + HOUR, limits)

    (one,) = barn.said()
    assert (one.animal, one.state.state, one.state.reason, one.state.days) == ("Brune", "none", "not enough days", 0)
    assert one.state.since == NOON + HOUR


def test_a_farm_of_which_nobody_wears_a_collar_is_looked_at_all_the_same(barn):
    watch(barn.engine, barn.farm, NOON, Limits(timedelta(minutes=30), 3.5))

    assert barn.now() == {}


def test_nobody_sees_what_is_said_of_another_farms_animals(barn):
    barn.look(0, [ILL])
    with barn.engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        seen = []
        for farm in (barn.farm, barn.farm + 1):
            see_farms(connection, [farm])
            seen.append(len(animal_states.states_of(connection, barn.farm)))

    assert seen == [1, 0]
