"""What is not kept for ever goes whole, and nothing that is in use goes with it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bench.waiting import wait_until
from core.settings import Settings
from core.timeline import BUCKET
from storage.engine import clocks
from storage.engine.database import scoped_to
from storage.herds import herd
from storage.measurements import ratios, series
from storage.modelling import aliases, models, selections, trainings
from storage.modelling.models import Subject
from storage.modelling.selections import Reselection
from storage.upkeep.retention import CALIBRATED_DAYS, FLUSH_DAYS, apply_retention

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, NEW = NOW - 401 * DAY, NOW - 399 * DAY
SETTINGS = Settings()
FAR = NOW - 60 * DAY
"""Further back than ratios are kept."""

_MEASURED = text("""
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
SELECT a.id, bucket, 900, 900, 450, 0.5, nothing, nothing
FROM generate_series(CAST(:start AS timestamptz), :end, interval '1 day') AS g (bucket), animal a,
  (SELECT repeat('0', 900)::bit(900)) AS n (nothing)
""")


@pytest.fixture
def farm(engine):
    """A farm of one group of one goat."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, herd._ensure(connection, "collar", farm_id, "tag"), animal)
        series.ensure_series(connection, farm_id)
    return farm_id


def _kept_days(connection):
    """Since when ratios are known, as the series say and as the days do."""
    since = connection.execute(text("SELECT DISTINCT known_since FROM series")).scalars().all()
    return since, connection.execute(text("SELECT min(day) FROM series_day")).scalar()


def _ratios(engine, farm):
    with scoped_to(engine, [farm]) as connection:
        followed = ratios.refresh(connection, farm, FAR, NOW)
        return sorted(ratios.days_between(connection, [one.id for one in followed], FAR, NOW))


def test_ratios_go_with_the_word_of_them_while_nobody_works_them_out_and_come_again_when_wanted(engine, farm):
    with engine.begin() as connection:
        connection.execute(_MEASURED, {"start": FAR, "end": NOW})
    whole = _ratios(engine, farm)
    with engine.begin() as cycle:
        ratios.refresh(cycle, farm, FAR, NOW)
        thread = threading.Thread(target=apply_retention, args=(engine, SETTINGS, NOW))
        thread.start()
        _wait_for_lock(engine)
        with engine.begin() as other:
            assert _kept_days(other) == ([FAR - timedelta(hours=12)], FAR - timedelta(hours=12))
    thread.join()
    first = NOW + timedelta(hours=12) - (SETTINGS.history_days + CALIBRATED_DAYS) * DAY

    with engine.begin() as connection:
        assert _kept_days(connection) == ([first], first)
    assert _ratios(engine, farm) == whole


def _wait_for_lock(engine):
    """Wait until somebody waits for the ratios of a farm."""
    query = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"

    def somebody_waits():
        with engine.connect() as connection:
            return connection.execute(text(query)).scalar()

    wait_until(somebody_waits)


def _model(connection, subject, digest, at, training=None):
    told = {"specification": "{}", "digest": digest, "parameters": {}, "training_id": training}
    return models.ensure_model(connection, subject, **told, now=at)


def _ids(engine, table):
    with engine.begin() as connection:
        return set(connection.execute(text(f"SELECT id FROM {table}")).scalars())


def test_of_models_those_that_reign_challenge_or_have_reigned_stay(engine, farm):
    with engine.begin() as connection:
        group = Subject(farm, series.series_of(connection, farm)[1].id)
        made = {name: _model(connection, group, name, OLD) for name in ("unused", "before", "champion", "challenger")}
        made["new"] = _model(connection, group, "new", NEW)
        for name in ("before", "champion"):
            aliases.point(connection, group, "champion", made[name], why="order", at=OLD)
        for name in ("unused", "challenger"):
            aliases.point(connection, group, "challenger", made[name], why="trained", at=OLD)

    assert apply_retention(engine, SETTINGS, NOW).model == 1
    assert _ids(engine, "model") == {one for name, one in made.items() if name != "unused"}
    with engine.begin() as connection:
        assert aliases.roll_back(connection, group, at=NOW) == made["before"]


def test_of_trainings_those_under_way_and_those_behind_a_model_in_use_stay(engine, farm):
    with engine.begin() as connection:
        clocks.read(connection)
        group = Subject(farm, series.series_of(connection, farm)[1].id)

        def asked(at, *, ends=True):
            training = trainings.ask(connection, "train", group, {}, requested_by="", at=at)
            if ends:
                trainings.give_up(connection, training, at=at)
            return training

        gone, used, waiting, new = asked(OLD), asked(OLD), asked(OLD, ends=False), asked(NEW)
        aliases.point(connection, group, "champion", _model(connection, group, "a", NEW, used), why="order", at=NEW)

    assert apply_retention(engine, SETTINGS, NOW).training == 1
    assert _ids(engine, "training") == {used, waiting, new}
    assert gone not in _ids(engine, "training")


def test_searches_and_reselections_go_with_the_scores(engine, farm):
    with engine.begin() as connection:
        group = series.series_of(connection, farm)[1].id
        kept = []
        for at in (OLD, NEW):
            told = {"why": "reselection", "specification": "{}", "comparisons": {}}
            kept.append(selections.keep_selection(connection, farm, None, at=at, **told))
            selections.record(connection, farm, Reselection(group, at, at, {}, {}, "kept", None, kept[0]))
    deleted = apply_retention(engine, SETTINGS, NOW)

    assert (deleted.regressor_selection, deleted.reselection) == (1, 1)
    assert _ids(engine, "regressor_selection") == {kept[1]}
    with engine.begin() as connection:
        assert [(one.made_at, one.selection_id) for one in selections.reselections_of(connection, group)] == [
            (NEW, None)
        ]


@pytest.mark.parametrize("goes_on", [True, False])
def test_the_last_slot_that_was_done_is_remembered_for_ever(engine, farm, goes_on):
    slots = [NOW - 100 * DAY, NOW - 95 * DAY, *([NOW - BUCKET] if goes_on else [])]
    with engine.begin() as connection:
        for slot in slots:
            connection.execute(
                text("INSERT INTO forecast_cycle VALUES (:farm, :slot, 1, 0)"), {"farm": farm, "slot": slot}
            )
    apply_retention(engine, SETTINGS, NOW)

    with engine.begin() as connection:
        assert connection.execute(text("SELECT slot FROM forecast_cycle")).scalars().all() == slots[-1:]


def test_what_flushes_took_goes_after_two_weeks(engine):
    kept = NOW - FLUSH_DAYS * DAY
    with engine.begin() as connection:
        for minute in (kept - timedelta(minutes=1), kept):
            row = text("INSERT INTO flush_minute VALUES (:minute, gen_random_uuid(), 1, 1, 0.1, 0.1)")
            connection.execute(row, {"minute": minute})

    assert apply_retention(engine, SETTINGS, NOW).flush_minute == 1
    with engine.begin() as connection:
        assert connection.execute(text("SELECT minute FROM flush_minute")).scalars().all() == [kept]
