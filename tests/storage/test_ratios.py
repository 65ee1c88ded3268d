"""The ratios that cycles read are those that the windows give, whatever was edited and in whatever order."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.timeline import BUCKET
from storage.forecasting import issuing, scores
from storage.forecasting.forecasts import Issued
from storage.forecasting.scores import Sums
from storage.herds import herd
from storage.herds.herd import During
from storage.measurements import ratios, series

NOON = datetime(2026, 3, 20, 22, 0, tzinfo=UTC)
START, UNTIL = NOON - timedelta(hours=3), NOON + timedelta(hours=3)

BASELINES = {name: [] for name in ("persistence", "constant_mean", "seasonal_naive", "mean_profile")}

slots = st.integers(-12, 11).map(lambda number: NOON + number * BUCKET)
spans = st.tuples(st.none() | slots, st.none() | slots).filter(lambda ends: None in ends or ends[0] < ends[1])
animals, groups = st.integers(0, 2), st.integers(0, 1)
edits = st.one_of(
    st.tuples(st.just("window"), animals, slots, st.sampled_from([0, 300, 900])),
    st.tuples(st.just("assign"), animals, st.none() | animals, spans),
    st.tuples(st.just("move"), animals, st.none() | groups, spans),
    st.tuples(st.just("coverage"), st.sampled_from([0.3, 0.5, 0.9])),
    st.just(("read",)),
)


class Barn:
    """A farm of three animals, three collars, two groups."""

    def __init__(self, connection):
        self.connection = connection
        self.farm = herd.ensure_farm(connection, "barn")
        self.groups = [herd.ensure_group(connection, self.farm, name) for name in "gh"]
        self.animals = [herd.ensure_animal(connection, self.farm, name) for name in "abc"]
        self.collars = [herd._ensure(connection, "collar", self.farm, name) for name in "xyz"]
        connection.execute(text("SELECT set_config('animov.farms', :farm, true)"), {"farm": str(self.farm)})

    def edit(self, kind, *what):
        getattr(self, kind)(*what)

    def window(self, animal, bucket, known):
        """Write one as a flush would, with its marker."""
        values = {"animal": self.animals[animal], "bucket": bucket, "known": known, "standing": known // (animal + 2)}
        self.connection.execute(
            text(
                """INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
                SELECT :animal, :bucket, 900, :known, :standing, nothing, nothing
                FROM (SELECT repeat('0', 900)::bit(900)) n (nothing)
                ON CONFLICT (animal_id, bucket) DO UPDATE SET known_s = :known, standing_s = :standing"""
            ),
            values,
        )
        self.connection.execute(
            text("INSERT INTO changed_bucket VALUES (:farm, :bucket) ON CONFLICT DO NOTHING"),
            {"farm": self.farm, "bucket": bucket},
        )

    def assign(self, collar, animal, span):
        self.connection.execute(
            text("DELETE FROM assignment WHERE collar_id = :collar AND during && tstzrange(:start, :end)"),
            {"collar": self.collars[collar], "start": span[0], "end": span[1]},
        )
        if animal is not None:
            herd.assign(self.connection, self.collars[collar], self.animals[animal], During(*span))

    def move(self, animal, group, span):
        herd.move(self.connection, self.animals[animal], None if group is None else self.groups[group], During(*span))

    def coverage(self, share):
        self.connection.execute(text("UPDATE farm SET group_coverage = :share"), {"share": share})

    def read(self):
        """Read as a cycle does."""
        followed = ratios.refresh(self.connection, self.farm, START, UNTIL)
        found = {}
        for series_id, day, packed in ratios.days_between(self.connection, [one.id for one in followed], START, UNTIL):
            values = np.frombuffer(packed, [("length", ">i4"), ("value", ">f4")], offset=20)["value"]
            found |= {(series_id, day + item * BUCKET): float(value) for item, value in enumerate(values)}
        return {key: value for key, value in found.items() if START <= key[1] < UNTIL and not np.isnan(value)}

    def issue(self, slot):
        """Issue forecasts of all series."""
        steps = [0.5] * 192
        edges = dict.fromkeys(("lower80", "upper80", "lower95", "upper95"), steps)
        issuing.issue(
            self.connection,
            [
                Issued(one.id, slot, False, "m", "", "{}", b"", steps, **edges, **BASELINES)
                for one in series.ensure_series(self.connection, self.farm)
            ],
        )

    def score(self, target):
        """Leave a score of a slot whose forecasts are gone."""
        herd_series = series.ensure_series(self.connection, self.farm)[0]
        sums = Sums(herd_series.id, target, "1-4", "mean", False, 1, 0.0, 0.0, 0.0, None, None, None, None)
        scores.replace_scores(self.connection, [herd_series.id], [target], [sums])

    def unscored(self):
        return list(self.connection.execute(text("SELECT bucket FROM unscored_bucket ORDER BY 1")).scalars())

    def told(self):
        """What the query that the API asks says, series by series."""
        return {
            (one.id, row.bucket): float(np.float32(row.standing_ratio))
            for one in series.ensure_series(self.connection, self.farm)
            for row in series.history(self.connection, one, START, UNTIL)
            if row.standing_ratio is not None
        }


@settings(max_examples=30)
@given(st.lists(edits, max_size=14))
def test_what_is_kept_is_what_the_windows_say_after_any_edits(engine, done):
    with engine.connect() as connection:
        barn = Barn(connection)
        for edit in done:
            barn.edit(*edit)
        assert barn.read() == barn.told()
        truth = ratios.truth_of(connection, [one.id for one in series.series_of(connection, barn.farm)], [NOON])
        known = {key: np.float32(value) for key, value in truth[NOON].items()}  # as a real is written, to the digit
        assert known == {key: value for (key, bucket), value in barn.told().items() if bucket == NOON}
        connection.rollback()


def test_a_silent_animal_that_is_given_a_collar_late_is_counted(engine):
    """It has no window, so no marker tells of it; half of the group is now unknown, and its ratio with it."""
    with engine.begin() as connection:
        barn = Barn(connection)
        barn.coverage(0.6)
        for animal in (0, 1):
            barn.move(animal, 0, (None, None))
        barn.assign(0, 0, (None, None))
        barn.window(0, NOON, 900)
        barn.issue(START)
        group = next(one for one in series.ensure_series(connection, barn.farm) if one.group_id)
        before = barn.read()
        connection.execute(text("DELETE FROM unscored_bucket"))
        barn.assign(1, 1, (NOON, None))

        assert (group.id, NOON) in before
        ratios.refresh(connection, barn.farm, START, NOON)  # a slot that is made up for first
        assert (group.id, NOON) not in barn.read()
        assert barn.unscored() == [NOON]


def test_who_counts_otherwise_scores_anew(engine):
    with engine.begin() as connection:
        barn = Barn(connection)
        barn.coverage(0.3)
        barn.assign(0, 0, (None, None))
        barn.window(0, NOON, 300)
        before = barn.read()
        connection.execute(text("DELETE FROM unscored_bucket"))
        barn.issue(START)
        barn.coverage(0.9)

        assert before
        assert not barn.read()
        assert barn.unscored() == [NOON]


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_slot_of_whose_forecasts_some_were_deleted_keeps_its_score(engine, is_deleted):
    with engine.begin() as connection:
        barn = Barn(connection)
        barn.assign(0, 0, (None, None))
        barn.window(0, NOON, 900)
        barn.read()
        connection.execute(text("DELETE FROM unscored_bucket"))
        barn.issue(START)
        if is_deleted:
            barn.score(START - timedelta(days=1))
        barn.window(0, NOON, 450)
        barn.read()

        assert barn.unscored() == ([] if is_deleted else [NOON])


def test_who_is_not_told_of_a_past_that_is_longer_reads_it_when_it_is_wanted(engine):
    with engine.begin() as connection:
        barn = Barn(connection)
        barn.assign(0, 0, (None, None))
        early = START - timedelta(days=3)
        barn.window(0, early, 900)
        barn.window(0, NOON, 900)
        barn.read()
        followed = ratios.refresh(connection, barn.farm, early, UNTIL)
        days = ratios.days_between(connection, [followed[0].id], early, early + BUCKET)

    assert len(days) == 1


def test_no_statement_is_compiled_for_loops_that_it_may_not_make(engine):
    """A server that can compiles what seems to cost enough, and each loop that can't be done without seems to."""
    with engine.connect() as connection:
        assert connection.execute(text("SHOW jit")).scalar_one() == "off"
