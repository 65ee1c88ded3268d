"""Skill that is lost starts one re-selection, which leaves a record; nothing else does."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.signal import lfilter
from sqlalchemy import text

from animov.selection_texts import told_reselection
from core.clock import NodeClock
from forecast.choosing import candidates, reselection, selection
from forecast.choosing.comparing import compare
from forecast.choosing.reselection import RESELECT, ask_where_lost, reselect
from forecast.choosing.skill import LEAST_SLOTS, skill_of, skills_of
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from forecast.specification import DAY, Specification
from storage.engine import clocks
from storage.engine.database import plain_url, scoped_to
from storage.engine.queue import opened
from storage.herds import herd
from storage.measurements import ratios, series
from storage.modelling import aliases, models, selections
from storage.modelling.models import Subject
from storage.modelling.selections import WeekErrors

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SPAN = timedelta(days=10)
DAYS = 15
CHANGED = 7
"""Days ago since when everything happens eight hours earlier."""


def _ratios(seed, *, changed):
    """A steady rhythm of one bump a day, or one that moved."""
    slot = np.arange(DAYS * 96)
    moved = np.where(slot >= (DAYS - CHANGED) * 96, slot + 32, slot) if changed else slot
    mood = lfilter([1], [1, -0.7], np.random.default_rng(seed).normal(0, 0.03, len(slot)))
    return np.clip(0.3 + 0.5 * np.exp(-0.5 * ((moved % 96 - 40) / 12) ** 2) + mood, 0, 1)


_MEASURE = text("""
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
SELECT a.id, m.bucket, 900, 900, m.standing, m.standing / 900.0, nothing, nothing
FROM unnest(CAST(:buckets AS timestamptz[]), CAST(:standing AS int[])) AS m (bucket, standing)
CROSS JOIN animal a CROSS JOIN (SELECT repeat('0', 900)::bit(900) AS nothing) n
""")


CHAMPION = Specification(order=(0, 0, 0), history=SPAN)
"""Quickly fitted."""


def _crown(connection, farm_id, series_id, champion=CHAMPION):
    subject = Subject(farm_id, series_id)
    told = {"specification": champion.to_json(), "digest": champion.digest, "parameters": {}}
    model = models.ensure_model(connection, subject, **told, training_id=None, now=NOW - SPAN)
    aliases.point(connection, subject, "champion", model, why="order", at=NOW - SPAN)


def _farm(engine, *, changed):
    """A farm of one group of one goat, forecast every other day of the last week; return it and its group's series.

    The forecasts are made in hindsight, which is quick, and count as issued in time.
    """
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(ceiling=NOW.timestamp()))
        farm_id = herd.ensure_farm(connection, "barn")
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        collar = herd._ensure(connection, "collar", farm_id, "tag")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, collar, animal)
        standing = [round(900 * ratio) for ratio in _ratios(1, changed=changed)]
        connection.execute(_MEASURE, {"buckets": slots_between(NOW - DAYS * DAY, NOW), "standing": standing})
    origins = [NOW - days * DAY for days in (7, 5, 3, 1)]
    issue_in_hindsight(engine, farm_id, origins, history_days=SPAN // DAY)
    with scoped_to(engine, [farm_id]) as connection:
        herd_series, group = ratios.refresh(connection, farm_id, NOW - DAYS * DAY, NOW)
    with engine.begin() as connection:  # one series is enough
        connection.execute(text("DELETE FROM score WHERE series_id = :id"), {"id": herd_series.id})
        connection.execute(text("UPDATE score SET backtest = false"))
        _crown(connection, farm_id, group.id)
    return farm_id, group.id


@pytest.fixture
def few_candidates(monkeypatch):
    """A shorter memory and no rhythm at all challenge; the search is what it is, only smaller."""
    monkeypatch.setattr(candidates, "HISTORIES", (3 * DAY,))
    monkeypatch.setattr(candidates, "HARMONICS", (6,))
    monkeypatch.setattr(reselection, "EVERY", 83)
    monkeypatch.setattr(selection, "EVERY", 307)


def _asked(engine, farm_id, at=NOW):
    async def ask():
        async with opened(plain_url(engine)) as queue:
            return await ask_where_lost(queue, engine, farm_id, at)

    found = asyncio.run(ask())
    with engine.connect() as connection:
        jobs = connection.execute(
            text("SELECT args->>'series_id', args->>'at', queue_name FROM procrastinate_jobs WHERE task_name = :name"),
            {"name": RESELECT},
        ).all()
    return found, [tuple(job) for job in jobs]


def test_a_rhythm_that_changed_starts_one_reselection_whose_winner_reigns(engine, few_candidates):
    farm_id, group = _farm(engine, changed=True)

    assert _asked(engine, farm_id)[0] == [group]
    found, jobs = _asked(engine, farm_id, NOW + timedelta(hours=1))
    assert (found, jobs) == ([group], [(str(group), NOW.isoformat(), "training")])

    made = reselect(engine, farm_id, group, NOW, span=SPAN)
    again = reselect(engine, farm_id, group, NOW, span=SPAN)
    assert again is None
    assert _asked(engine, farm_id, NOW + timedelta(days=1))[0] == []

    with scoped_to(engine, [farm_id]) as connection:
        records = selections.reselections_of(connection, group)
        champion = Specification.from_json(models.champions(connection, farm_id)[group])
        changes = aliases.changes_of(connection, Subject(farm_id, group))
        shown = selections.latest_selection(connection, farm_id, group)
    assert [record.decision for record in records] == ["promoted"]
    assert records[0] == made
    assert champion.history == 3 * DAY
    assert records[0].seen["skill"] < -0.05
    assert records[0].tried["best"] == str(champion)
    assert records[0].tried["p_value"] < 0.05
    assert [change.why for change in changes] == ["order", "reselection"]
    assert changes[-1].evidence["p_value"] == records[0].tried["p_value"]
    assert shown.id == records[0].selection_id
    assert shown.comparisons["kept"] == []
    first_tested = datetime.fromisoformat(records[0].tried["first_origin"])
    assert datetime.fromisoformat(shown.comparisons["last_origin"]) + DAY <= first_tested == NOW - 7 * DAY


@pytest.mark.parametrize("ordered", [True, False])
def test_a_champion_appointed_during_the_search_stays(engine, few_candidates, monkeypatch, ordered):
    """By an order, or by a rollback to the default."""
    farm_id, group = _farm(engine, changed=True)
    subject, by_order = Subject(farm_id, group), Specification(order=(1, 0, 0), history=SPAN)
    expected = {group: by_order.to_json()} if ordered else {}

    def compared_meanwhile(*args, **options):
        with engine.begin() as connection:
            if ordered:
                _crown(connection, farm_id, group, by_order)
            else:
                aliases.roll_back(connection, subject, at=NOW)
        return compare(*args, **options)

    monkeypatch.setattr(reselection, "compare", compared_meanwhile)
    made = reselect(engine, farm_id, group, NOW, span=SPAN)

    with scoped_to(engine, [farm_id]) as connection:
        reigning = models.holder(connection, subject, "champion")
        assert models.champions(connection, farm_id) == expected
        assert selections.reselections_of(connection, group) == [made]
        assert aliases.changes_of(connection, subject)[-1].why == ("order" if ordered else "rollback")
    assert (made.decision, made.model_id, made.tried["overtaken_by"]) == ("kept", None, reigning and reigning.id)
    assert made.tried["p_value"] < made.tried["level"]
    assert "the champion stays, which has changed meanwhile" in told_reselection(made, {group: "dairy"})


def test_a_model_that_is_good_is_left_alone(engine):
    farm_id, group = _farm(engine, changed=False)

    with scoped_to(engine, [farm_id]) as connection:
        assert skills_of(connection, farm_id, NOW)[group].skill > 0
    assert _asked(engine, farm_id) == ([], [])
    assert reselect(engine, farm_id, group, NOW, span=SPAN) is None


def test_where_no_challenger_wins_champions_stay_and_a_farm_has_one_search_for_regressors(
    engine, few_candidates, monkeypatch
):
    """Two groups lose their skill at once: regressors are looked for once, shapes for each."""
    monkeypatch.setattr(reselection, "EVERY", 307)
    monkeypatch.setattr(reselection, "LEVEL", 0.0)
    farm_id, group = _farm(engine, changed=True)
    with engine.begin() as connection:
        twin = herd.ensure_animal(connection, farm_id, "Grise")
        herd.move(connection, twin, herd.ensure_group(connection, farm_id, "kids"))
        herd.assign(connection, herd._ensure(connection, "collar", farm_id, "second"), twin)
        connection.execute(_TWIN_WINDOWS, {"animal": twin})
        kids = series.ensure_series(connection, farm_id)[-1]
        connection.execute(_TWIN_SCORES, {"twin": kids.id, "of": group})
        _crown(connection, farm_id, kids.id)
        ratios.refresh(connection, farm_id, NOW - DAYS * DAY, NOW)
    made = [reselect(engine, farm_id, one, NOW, span=SPAN) for one in (group, kids.id)]

    with scoped_to(engine, [farm_id]) as connection:
        assert [selections.reselections_of(connection, one) for one in (group, kids.id)] == [[one] for one in made]
        assert models.champions(connection, farm_id) == dict.fromkeys((group, kids.id), CHAMPION.to_json())
        shown = selections.latest_selection(connection, farm_id, group)
    assert [(one.decision, one.model_id, one.selection_id) for one in made] == [("kept", None, shown.id)] * 2
    assert shown.series_id is None
    assert _asked(engine, farm_id, NOW + timedelta(days=6)) == ([], [])


_TWIN_WINDOWS = text("""
INSERT INTO stored_window
SELECT :animal, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying FROM posture_window
""")
_TWIN_SCORES = text("""
INSERT INTO score (series_id, target, band, model, backtest, n, sum_squared, sum_absolute, sum_error)
SELECT :twin, target, band, model, backtest, n, sum_squared, sum_absolute, sum_error FROM score WHERE series_id = :of
""")


def _bad_scores(engine, farm_id, slots, *, backtest=False):
    """Let so many slots before NOW have come true, with the model twice as wrong as the best baseline."""
    with scoped_to(engine, [farm_id]) as connection:
        group = next(one for one in series.ensure_series(connection, farm_id) if one.kind == "group")
        connection.execute(
            text("""INSERT INTO score
              (series_id, target, band, model, backtest, n, sum_squared, sum_absolute, sum_error, covered80, covered95)
            SELECT :series, CAST(:now AS timestamptz) - n * interval '15 min', '1-4', m.model, :backtest, 4, m.squared,
              1, 0, CASE WHEN m.model = 'model' THEN 3 END, CASE WHEN m.model = 'model' THEN 4 END
            FROM generate_series(1, :slots) n, (VALUES ('model', 0.16), ('persistence', 0.2), ('mean', 0.3),
              ('seasonal_naive', 0.04), ('mean_14d', 0.1)) AS m (model, squared)"""),
            {"series": group.id, "now": NOW, "slots": slots, "backtest": backtest},
        )
    return group.id


@pytest.mark.parametrize(
    ("slots", "backtest", "asked"),
    [(LEAST_SLOTS - 1, False, False), (LEAST_SLOTS, False, True), (LEAST_SLOTS, True, False)],
)
def test_a_verdict_needs_three_days_of_truth_of_forecasts_issued_in_time(engine, slots, backtest, asked):
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        herd.ensure_group(connection, farm_id, "dairy")
    group = _bad_scores(engine, farm_id, slots, backtest=backtest)
    found, jobs = _asked(engine, farm_id)

    assert (found, len(jobs)) == (([group], 1) if asked else ([], 0))


def test_skill_is_one_less_the_ratio_to_the_best_baseline_that_is_comparable():
    errors = {
        "model": WeekErrors(300, 400, 400 * 0.09),
        "mean": WeekErrors(300, 400, 400 * 0.04),
        "mean_14d": WeekErrors(300, 400, 400 * 0.16),
        "seasonal_naive": WeekErrors(10, 10, 0.0),
    }
    found = skill_of(7, errors)

    assert (found.baseline, found.rmse, found.baseline_rmse) == ("mean", pytest.approx(0.3), pytest.approx(0.2))
    assert found.skill == pytest.approx(-0.5)
    assert skill_of(7, {"mean": errors["mean"]}) is None


def test_the_shapes_around_a_model_are_named_once_and_never_shorter_than_its_week():
    weekly = Specification(weekly_harmonics=2, history=14 * DAY)
    shapes = candidates.shapes_of(weekly)

    assert len(set(shapes)) == len(shapes)
    assert shapes[0] == weekly
    assert {one.history for one in shapes} == {14 * DAY, 21 * DAY}
    assert shapes[-1].harmonics == shapes[-1].weekly_harmonics == 0
    assert candidates.family_of(Specification(seasonal_order=(0, 1, 1, 96))) == Specification()
